import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import t, { type Test } from 'tap';
import { parseAllowRule } from '../../src/config/allow-rule.ts';
import { Secret } from '../../src/config/secret.ts';
import { auditedPath, peerOf } from '../../src/inbound/audit-entry.ts';
import { AuditLog } from '../../src/inbound/audit-log.ts';
import { MemoryStream } from '../support/memory-stream.ts';
import { startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { eventually, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

const page = 'https://app.example';
const key = 'the key of this test';
const nonce = 'dGhlIHNhbXBsZSBub25jZQ==';

function rule(text: string) {
  const read = parseAllowRule(text);
  if ('problem' in read) throw new Error(read.problem);
  return read.value;
}

function lines(file: string): Record<string, unknown>[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function ask(port: number, line: string, fields = `Bearerd-Key: ${key}\r\n`) {
  return rawRequest(port, `${line} HTTP/1.1\r\nHost: localhost\r\n${fields}Connection: close\r\n\r\n`);
}

async function proxyWithAudit(t: Test, answer?: Parameters<typeof startUpstream>[0]) {
  const upstream = await startUpstream(answer);
  const file = join(t.testdir(), 'audit.jsonl');
  const proxy = await startProxy(upstream.url, {
    route: { allow: [rule('GET|OPTIONS /rest/**')] },
    config: {
      audit: { file },
      guard: {
        allowedHosts: ['localhost'],
        allowedOrigins: [page],
        localKey: new Secret({ kind: 'value', value: key }),
      },
    },
  });
  t.teardown(() => upstream.close());
  return { upstream, proxy, file };
}

t.test('one line per decision: who, what, why, and what came of it', async (t) => {
  const { upstream, proxy, file } = await proxyWithAudit(t, (seen, response) => {
    if (seen.url.startsWith('/rest/expired')) response.writeHead(401).end('{"errorCode":"invalidToken"}');
    else if (seen.url.startsWith('/rest/reset')) response.socket?.destroy();
    else response.end('ok');
  });
  const { port } = proxy;
  const cases: readonly [request: () => Promise<unknown>, expected: object][] = [
    [
      () => ask(port, 'GET /rest/a?token=canary-in-query'),
      {
        method: 'GET',
        path: '/rest/a',
        route: 'api',
        decision: 'allowed',
        status: 200,
        upstreamStatus: 200,
        generation: 1,
      },
    ],
    [
      () => ask(port, 'DELETE /rest/a?x=canary-in-query'),
      {
        method: 'DELETE',
        path: '/rest/a',
        route: 'api',
        decision: 'refused',
        rule: 'allow',
        error: 'BEARERD_NOT_ALLOWED',
        status: 403,
      },
    ],
    [() => ask(port, 'GET /rest/a', ''), { decision: 'refused', error: 'BEARERD_LOCAL_KEY', status: 403 }],
    [
      () => ask(port, 'GET http://user:canary-in-query@evil.example/rest/a'),
      { path: '/rest/a', decision: 'refused', error: 'BEARERD_REQUEST_MALFORMED', status: 400 },
    ],
    [
      () => ask(port, 'GET /rest/a', `Origin: https://evil.example\r\nBearerd-Key: ${key}\r\n`),
      { decision: 'refused', error: 'BEARERD_ORIGIN_NOT_ALLOWED', status: 403 },
    ],
    [
      () => ask(port, 'OPTIONS /rest/a', `Origin: ${page}\r\nAccess-Control-Request-Method: PUT\r\n`),
      { method: 'OPTIONS', decision: 'answered', status: 204 },
    ],
    [
      () => ask(port, 'GET /rest/expired'),
      { decision: 'allowed', error: 'BEARERD_TOKEN_INVALID', status: 502, upstreamStatus: 401, generation: 2 },
    ],
    [
      () => ask(port, 'GET /rest/reset'),
      { decision: 'allowed', error: 'BEARERD_UPSTREAM_TERMINATED', status: 502, upstreamStatus: undefined },
    ],
    [
      () => rawRequest(port, 'rubbish\r\n\r\n'),
      { method: undefined, path: undefined, decision: 'refused', error: 'BEARERD_REQUEST_MALFORMED', status: 400 },
    ],
  ];
  for (const [request] of cases) await request();
  const adminPort = Number(new URL(proxy.adminUrl).port);
  const json = 'Content-Type: application/json\r\n';
  await ask(adminPort, 'GET /metrics', '');
  await ask(adminPort, 'GET /metrics', 'Origin: null\r\n');
  await ask(adminPort, 'POST /api/credentials/test/refresh', `${json}Bearerd-Key: ${key}\r\n`);
  await proxy.stop();
  const found = lines(file);
  for (const [index, [, expected]] of cases.entries()) {
    const line = found[index];
    for (const [name, value] of Object.entries(expected)) t.equal(line?.[name], value, `line ${index}: ${name}`);
    t.match(line, { listener: proxy.url, peer: /^127\.0\.0\.1:\d+$/, requestId: /./, time: /^\d{4}-.*Z$/ });
  }
  t.match(found.slice(cases.length), [
    { listener: proxy.adminUrl, path: '/metrics', decision: 'refused', error: 'BEARERD_ORIGIN_NOT_ALLOWED' },
    { listener: proxy.adminUrl, method: 'POST', decision: 'allowed', status: 200 },
  ]);
  t.equal(found.length, cases.length + 2, 'and nothing else: what the admin listener only shows is left out');
  t.notMatch(readFileSync(file, 'utf8'), /canary-in-query|the key of this test|token\d/);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.ok(upstream.seen.length > 0);
});

t.test('a call of the admin listener whose client leaves before its answer has no status', async (t) => {
  const { proxy, file } = await proxyWithAudit(t);
  const client = new RawClient(Number(new URL(proxy.adminUrl).port));
  const fields = `Host: localhost\r\nContent-Type: application/json\r\nBearerd-Key: ${key}\r\nContent-Length: 10\r\n`;
  client.write(`POST /api/credentials/test/refresh HTTP/1.1\r\n${fields}\r\n{}`);
  await sleep(50);
  client.socket.destroy();
  await eventually(() => lines(file).length === 1, 'its line');
  t.match(lines(file)[0], { method: 'POST', decision: 'allowed', status: undefined });
  t.notOk('status' in (lines(file)[0] ?? {}));
  await proxy.stop();
});

t.test('a reload opens the file anew, so that it can be rotated; without audit nothing more is written', async (t) => {
  const { proxy, file } = await proxyWithAudit(t);
  await ask(proxy.port, 'GET /rest/1');
  renameSync(file, `${file}.1`);
  await ask(proxy.port, 'GET /rest/2');
  await proxy.app.reload(proxy.config);
  await ask(proxy.port, 'GET /rest/3');
  const { audit: _, ...without } = proxy.config;
  await proxy.app.reload(without);
  await ask(proxy.port, 'GET /rest/4');
  await t.rejects(proxy.app.reload({ ...without, audit: { file: join(file, 'no', 'folder') } }), {
    code: 'BEARERD_AUDIT',
    message: /cannot be opened \(E/,
  });
  await proxy.stop();
  const paths = (name: string) => lines(name).map(({ path }) => path);
  t.same(paths(`${file}.1`), ['/rest/1', '/rest/2']);
  t.same(paths(file), ['/rest/3']);
});

t.test('a disk that is full does not stop the requests, and is told once', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url, { config: { audit: { file: '/dev/full' } } });
  for (let i = 0; i < 3; i += 1) {
    t.equal((await ask(proxy.port, 'GET /x')).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  await proxy.stop();
  const told = proxy.output.records().filter(({ event }) => event === 'audit_not_written');
  t.equal(told.length, 1);
  t.match(told, [{ level: 'error', msg: /ENOSPC/ }]);
  await upstream.close();
});

const entry = {
  listener: 'x',
  peer: 'y',
  requestId: 'z',
  method: 'GET',
  path: '/',
  decision: 'allowed',
  status: 200,
} as const;
const clock = { nowMs: () => Date.UTC(2026, 0, 1), monotonicMs: () => 0 };

/** A log that remembers the events. */
function witness() {
  const events: string[] = [];
  const note = (fields: object): void => {
    events.push('event' in fields ? String(fields.event) : '');
  };
  return { events, log: { trace: note, debug: note, info: note, warn: note, error: note } };
}

t.test('once it can be written again, the audit log says how many lines are missing', async (t) => {
  const { events, log } = witness();
  let broken = true;
  const written: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (broken) return done(new Error('EPIPE'));
      written.push(chunk.toString());
      done();
    },
    autoDestroy: false,
    emitClose: false,
  });
  const audit = new AuditLog({ clock, log });
  (await audit.prepare({ kind: 'stream', name: 'stdout', stream })).take();
  audit.record(entry);
  audit.record(entry);
  await eventually(() => events.length > 0, 'the failure is told');
  // A stream of Node's is over after an error; a new one takes its place.
  broken = false;
  const memory = new MemoryStream();
  (await audit.prepare({ kind: 'stream', name: 'stdout', stream: memory })).take();
  audit.record(entry);
  await audit.close();
  t.same(events, ['audit_not_written', 'audit_written_again']);
  const { time: _, ...second } = { time: '', ...entry };
  t.match(memory.records(), [
    { event: 'lines_lost', lost: 2 },
    { time: '2026-01-01T00:00:00.000Z', ...second },
  ]);
});

t.test('a stream that does not keep up loses lines instead of memory', async (t) => {
  const { events, log } = witness();
  const waiting: (() => void)[] = [];
  const stream = new Writable({ write: (_chunk, _encoding, done) => void waiting.push(() => done()) });
  const audit = new AuditLog({ clock, log });
  (await audit.prepare({ kind: 'stream', name: 'stderr', stream })).take();
  const long = { ...entry, path: '/'.padEnd(2000, 'x') };
  for (let i = 0; i < 3000; i += 1) audit.record(long);
  await eventually(() => events.includes('audit_not_written'), 'told');
  const pump = setInterval(() => waiting.shift()?.(), 0);
  await audit.close();
  clearInterval(pump);
  t.equal(events.filter((event) => event === 'audit_not_written').length, 1);
  stream.destroy();
  await once(stream, 'close');
});

t.test('a stream that nobody has given is a mistake at the start', async (t) => {
  const upstream = await startUpstream();
  const config = { audit: { stream: 'stdout' } } as const;
  await t.rejects(startProxy(upstream.url, { config }), { code: 'BEARERD_AUDIT' });
  const stdout = new MemoryStream();
  const proxy = await startProxy(upstream.url, { config, deps: { auditStreams: { stdout, stderr: stdout } } });
  await ask(proxy.port, 'GET /x');
  await proxy.stop();
  t.match(stdout.records(), [{ decision: 'allowed' }]);
  await upstream.close();
});

t.test('a WebSocket is written down when it begins, not when it ends', async (t) => {
  const accept = createHash('sha1').update(`${nonce}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const upstream = await startTcp((socket) =>
    onHead(socket, () =>
      socket.write(
        `HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      ),
    ),
  );
  const stdout = new MemoryStream();
  const config = { audit: { stream: 'stdout' }, drainTimeout: 100 } as const;
  const proxy = await startProxy(upstream.url, { config, deps: { auditStreams: { stdout, stderr: stdout } } });
  const client = new RawClient(proxy.port);
  client.write(
    `GET /live?x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${nonce}\r\n\r\n`,
  );
  await eventually(() => stdout.text !== '', 'the line');
  t.equal(client.ending, 'open');
  await proxy.stop();
  await upstream.close();
  t.match(stdout.records(), [{ path: '/live', decision: 'allowed', status: 101, upstreamStatus: 101, generation: 1 }]);
  t.equal(stdout.records().length, 1);
});

t.test('peers and paths', async (t) => {
  t.equal(peerOf({ remoteAddress: '::1', remotePort: 5 }), '[::1]:5');
  t.equal(peerOf({ remoteAddress: undefined, remotePort: undefined }), 'unix');
  t.equal(auditedPath('http://u:p@h/x?y'), '/x');
  t.equal(auditedPath(''), undefined);
  t.equal(auditedPath('*', 'OPTIONS'), '*');
  t.equal(auditedPath('/'.padEnd(9000, 'a'))?.length, 2000);
});
