import { once } from 'node:events';
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import { BearerdProcess, runBearerd } from '../support/bearerd-process.ts';
import { RawClient } from '../support/tcp.ts';
import { tlsFile } from '../support/test-certificates.ts';
import { startUpstream } from '../support/upstream.ts';

// Issue 9, seen from outside the built binary: certificates that are renewed, sockets that a parent hands over.

async function settings(t: Test, listen: unknown, over: object = {}): Promise<object> {
  const upstream = await startUpstream();
  t.teardown(upstream.close);
  const credential = { provider: 'static', token: 'x' };
  return { listen, admin: '127.0.0.1:0', upstream: upstream.url, credential, log: { format: 'json' }, ...over };
}

function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), 'bearerd-listeners-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Starts bearerd as systemd would: with a socket that listens already as descriptor 3. */
async function activated(t: Test, where: ListenOptions, config: object) {
  const socket = createServer();
  socket.listen(where);
  await once(socket, 'listening');
  const address = socket.address();
  const env = { LISTEN_FDS: '1' };
  const bearerd = new BearerdProcess({ words: ['run'], files: { 'bearerd.yaml': config }, sockets: [socket], env });
  t.teardown(() => bearerd.stop('SIGKILL'));
  // it stays open in the child, and nobody here takes connections from it; Node would remove the file
  if (where.path !== undefined) renameSync(where.path, `${where.path}.kept`);
  socket.close();
  return { bearerd, address };
}

t.test('a renewed certificate is shown without a restart', async (t) => {
  const files = folder(t);
  const place = (name: string) => {
    copyFileSync(tlsFile(`${name}.pem`), join(files, 'cert.pem'));
    copyFileSync(tlsFile(`${name}.key`), join(files, 'key.pem'));
  };
  place('server');
  const tls = { cert: join(files, 'cert.pem'), key: { file: join(files, 'key.pem') } };
  const config = await settings(t, { address: '127.0.0.1:0', tls });
  const bearerd = new BearerdProcess({ words: ['run'], files: { 'bearerd.yaml': config } });
  t.teardown(() => bearerd.stop('SIGKILL'));
  await bearerd.ready();
  t.match(bearerd.url, /^https:/);
  const shown = async (): Promise<string> => {
    const socket = connect({ port: Number(new URL(bearerd.url).port), host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const name = String(socket.getPeerCertificate().subject.CN);
    socket.destroy();
    return name;
  };
  t.equal(await shown(), 'localhost');
  place('client');
  const reloads = () => bearerd.records().filter(({ event }) => event === 'config_reloaded');
  await bearerd.until(() => reloads().length > 0, 'the reload');
  t.equal(await shown(), 'my-app');
});

t.test('fd:3: a TCP socket that the parent has opened', async (t) => {
  const { bearerd, address } = await activated(t, { port: 0, host: '127.0.0.1' }, await settings(t, 'fd:3'));
  await bearerd.ready();
  // a TCP port has such an address
  t.equal(bearerd.url, `http://127.0.0.1:${(address as AddressInfo).port}`);
  t.equal((await fetch(bearerd.url)).status, 200);
  bearerd.send('SIGHUP');
  await bearerd.until(() => bearerd.records().some(({ event }) => event === 'config_reloaded'), 'the reload');
  t.equal((await fetch(bearerd.url)).status, 200, 'a reload keeps it');
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
});

t.test('fd:3: a Unix socket', async (t) => {
  const path = join(folder(t), 's');
  const { bearerd } = await activated(t, { path }, await settings(t, 'fd:3'));
  await bearerd.until(() => bearerd.stdout.includes('bearerd listens on '), 'its listener');
  t.match(bearerd.stdout, 'bearerd listens on fd:3\n', 'Node does not tell its path');
  const client = new RawClient(`${path}.kept`);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await client.closed;
  t.match(client.text, /^HTTP\/1\.1 200 /);
});

t.test('fd:3 beyond loopback needs names, as every other address does', async (t) => {
  const { bearerd } = await activated(t, { port: 0, host: '0.0.0.0' }, await settings(t, 'fd:3'));
  t.equal((await bearerd.ended()).code, 1);
  t.match(bearerd.stderr, /fd:3 is bound to http:\/\/0\.0\.0\.0:\d+, which can be reached.*\n.*guard: \{ allowedHosts/);
  const guard = { allowedHosts: ['localhost', 'bearerd.internal'] };
  const named = await activated(t, { port: 0, host: '0.0.0.0' }, await settings(t, 'fd:3', { guard }));
  await named.bearerd.ready();
  t.equal((await fetch(named.bearerd.url.replace('0.0.0.0', 'localhost'))).status, 200);
});

t.test('fd:3 where nobody passed a socket', async (t) => {
  const { code, stderr } = await runBearerd({
    words: ['run'],
    files: { 'bearerd.yaml': await settings(t, 'fd:3') },
  });
  t.equal(code, 1);
  t.match(stderr, /cannot listen on fd:3: .*\n.*Pass a listening socket as this descriptor/);
});
