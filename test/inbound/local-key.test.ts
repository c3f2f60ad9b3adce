import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { Secret } from '../../src/config/secret.ts';
import { providers } from '../../src/provider/index.ts';
import { startProxy, type TestProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { onHead, RawClient, startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

const key = 'a key with 32 bytes of UTF-8: ä!';
const wire = Buffer.from(key, 'utf8').toString('latin1');
const page = 'https://app.example';

function guardOf(localKey: Secret, over: object = {}) {
  return { allowedHosts: ['localhost', '127.0.0.1'], allowedOrigins: [page], localKey, ...over };
}

function ask(port: number, fields: string, line = 'GET /x HTTP/1.1'): ReturnType<typeof rawRequest> {
  return rawRequest(port, `${line}\r\nHost: localhost\r\n${fields}Connection: close\r\n\r\n`);
}

t.test(
  'who does not send the key is refused before any token work; who does is served, and the key goes no further',
  async (t) => {
    const upstream = await startUpstream();
    const proxy = await startProxy(upstream.url, {
      config: { guard: guardOf(new Secret({ kind: 'value', value: key })) },
    });
    const refused = [
      '',
      'Bearerd-Key: \r\n',
      'Bearerd-Key: wrong\r\n',
      `Bearerd-Key: ${wire}x\r\n`,
      `Bearerd-Key: ${wire.slice(0, -1)}\r\n`,
      `Bearerd-Key: ${wire.toUpperCase()}\r\n`,
      `Bearerd-Key: ${wire}\r\nbearerd-key: ${wire}\r\n`,
      `Bearerd_Key: ${wire}\r\n`,
      `X-Key: ${wire}\r\n`,
      `Authorization: Bearer ${wire}\r\n`,
      `Cookie: Bearerd-Key=${wire}\r\n`,
    ];
    for (const fields of refused) {
      const answer = await ask(proxy.port, fields);
      t.equal(answer.status, 403, fields);
      t.match(JSON.parse(answer.body), { code: 'BEARERD_LOCAL_KEY', detail: /Bearerd-Key/ });
    }
    t.equal((await ask(proxy.port, '', `GET /x?Bearerd-Key=${encodeURIComponent(key)} HTTP/1.1`)).status, 403);
    t.equal((await ask(proxy.port, 'Max-Forwards: 0\r\n', 'OPTIONS * HTTP/1.1')).status, 403);
    t.equal(upstream.seen.length + proxy.tokens.count, 0);
    for (const fields of [`Bearerd-Key: ${wire}\r\n`, `BEARERD-KEY: ${wire}\r\nConnection: bearerd-key\r\n`]) {
      t.equal((await ask(proxy.port, fields)).status, 200, fields);
    }
    for (const { rawHeaders } of upstream.seen) t.notMatch(rawHeaders.join('\n').toLowerCase(), /bearerd-key|32 bytes/);
    await proxy.stop();
    t.notMatch(proxy.output.text, /32 bytes/, 'not in the log either');
    await upstream.close();
  },
);

t.test('another header field, and a page that may call: its preflight needs no key, its request does', async (t) => {
  const upstream = await startUpstream();
  const localKey = new Secret({ kind: 'value', value: 'secret-of-this-test' });
  const proxy = await startProxy(upstream.url, { config: { guard: guardOf(localKey, { localKeyHeader: 'X-Agent' }) } });
  const preflight = await ask(
    proxy.port,
    `Origin: ${page}\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: x-agent\r\n`,
    'OPTIONS /x HTTP/1.1',
  );
  t.equal(preflight.status, 204);
  t.match(preflight.head, /Access-Control-Allow-Headers: x-agent/);
  const refused = await ask(proxy.port, `Origin: ${page}\r\n`);
  t.equal(refused.status, 403);
  t.match(refused.head, `Access-Control-Allow-Origin: ${page}\r\n`, 'the page may read why');
  t.equal((await ask(proxy.port, `Origin: ${page}\r\nX-Agent: secret-of-this-test\r\n`)).status, 200);
  t.equal(upstream.seen.length, 1);
  await proxy.stop();
  await upstream.close();
});

t.test('WebSocket upgrades need it, too', async (t) => {
  const upstreamKey = 'dGhlIHNhbXBsZSBub25jZQ==';
  const accept = createHash('sha1').update(`${upstreamKey}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const heads: string[] = [];
  const upstream = await startTcp((socket) =>
    onHead(socket, (head) => {
      heads.push(head);
      socket.write(
        `HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
    }),
  );
  const localKey = new Secret({ kind: 'value', value: 'secret-of-this-test' });
  const proxy = await startProxy(upstream.url, { config: { guard: guardOf(localKey), drainTimeout: 100 } });
  const handshake = (fields: string) =>
    `GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${upstreamKey}\r\n${fields}\r\n`;
  const without = new RawClient(proxy.port);
  without.write(handshake(''));
  await without.until(/^HTTP\/1.1 403 /);
  t.equal(upstream.connections, 0);
  const client = new RawClient(proxy.port);
  client.write(handshake('Bearerd-Key: secret-of-this-test\r\n'));
  await client.until(/^HTTP\/1.1 101 /);
  t.notMatch(heads[0], /bearerd-key/i);
  await proxy.stop();
  await upstream.close();
});

t.test('the admin listener: what shows something needs no key, what changes something does', async (t) => {
  const upstream = await startUpstream();
  const localKey = new Secret({ kind: 'value', value: 'secret-of-this-test' });
  const proxy = await startProxy(upstream.url, { config: { guard: guardOf(localKey) } });
  const port = Number(new URL(proxy.adminUrl).port);
  for (const path of ['/livez', '/metrics', '/api/status']) {
    t.equal((await ask(port, '', `GET ${path} HTTP/1.1`)).status, 200, path);
  }
  const refresh = (fields: string) =>
    ask(port, `Content-Type: application/json\r\n${fields}`, 'POST /api/credentials/test/refresh HTTP/1.1');
  t.equal((await refresh('')).status, 403);
  t.equal((await refresh('Bearerd-Key: wrong\r\n')).status, 403);
  t.equal(proxy.tokens.count, 0);
  t.equal((await refresh('Bearerd-Key: secret-of-this-test\r\n')).status, 200);
  await proxy.stop();
  await upstream.close();
});

t.test('the key is read again with the configuration; one that cannot be read changes nothing', async (t) => {
  const upstream = await startUpstream();
  const file = join(t.testdir({ key: 'the first key of this test\n' }), 'key');
  const proxy: TestProxy = await startProxy(upstream.url, {
    config: { guard: guardOf(new Secret({ kind: 'file', path: file })) },
  });
  const status = async (value: string) => (await ask(proxy.port, `Bearerd-Key: ${value}\r\n`)).status;
  t.equal(await status('the first key of this test'), 200);
  writeFileSync(file, 'the second key of this test\n');
  t.equal(await status('the first key of this test'), 200);
  await proxy.app.reload(proxy.config);
  t.equal(await status('the first key of this test'), 403);
  t.equal(await status('the second key of this test'), 200);
  const gone = { ...proxy.config, guard: guardOf(new Secret({ kind: 'file', path: `${file}.gone` })) };
  await t.rejects(proxy.app.reload(gone), { code: 'BEARERD_SECRET_UNREADABLE' });
  t.equal(await status('the second key of this test'), 200);
  await proxy.stop();
  await upstream.close();
});

t.test('a key that could be found by trying is warned of', async (t) => {
  const cwd = t.testdir({ 'b.yaml': 'upstream: https://a.example\ncredential: { provider: static, token: x.y.z }\n' });
  const load = (key: string) =>
    loadConfig({ env: { BEARERD_GUARD_LOCAL_KEY: key }, flags: {}, cwd, file: 'b.yaml', home: undefined, providers });
  t.match(load('short').warnings, [{ path: 'guard.localKey', problem: /5 bytes/ }]);
  t.notMatch(load('a key of enough letters').warnings, [{ path: 'guard.localKey' }]);
});
