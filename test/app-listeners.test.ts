import { once } from 'node:events';
import { existsSync, linkSync, mkdtempSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { request } from 'undici';
import type { BearerdError } from '../src/errors.ts';
import { openAddress, originsOf } from '../src/inbound/address.ts';
import { read } from './support/problem.ts';
import { startProxy } from './support/proxy.ts';
import { RawClient } from './support/tcp.ts';
import { startUpstream } from './support/upstream.ts';

const folder = mkdtempSync(join(tmpdir(), 'bearerd-listen-'));
t.teardown(() => rmSync(folder, { recursive: true }));

async function takenPort(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    // listen() on a TCP port always gives an AddressInfo
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

t.test(
  'a Unix socket: only the owner may connect, a dead one is replaced, a live one and a file are not',
  async (t) => {
    const path = join(folder, 'proxy.sock');
    const config = { listen: [{ kind: 'unix', path }], admin: 'off' } as const;
    const upstream = await startUpstream();
    // a program that died leaves its socket behind
    const dead = createServer().listen(path);
    await once(dead, 'listening');
    const left = join(folder, 'left.sock');
    linkSync(path, left);
    dead.close();
    await once(dead, 'close');
    linkSync(left, path);
    unlinkSync(left);
    t.ok(existsSync(path), 'the stale socket is there');

    const proxy = await startProxy(upstream.url, { config });
    t.equal(statSync(path).mode & 0o777, 0o600);
    const client = new RawClient(path);
    client.write('GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await client.closed;
    t.match(client.text, /^HTTP\/1.1 200 OK\r\n/);
    t.equal(upstream.seen.length, 1);
    await t.rejects(startProxy(upstream.url, { config }), {
      code: 'BEARERD_LISTEN',
      message: /another program listens/,
    });
    const again = new RawClient(path);
    again.write('GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await again.closed;
    t.match(again.text, /^HTTP\/1.1 200 OK\r\n/, 'the live one was not disturbed');
    await proxy.app.stop();
    t.notOk(existsSync(path), 'the socket is removed at the end');

    const file = join(folder, 'file');
    writeFileSync(file, 'precious');
    const onFile = { listen: [{ kind: 'unix', path: file }], admin: 'off' } as const;
    await t.rejects(startProxy(upstream.url, { config: onFile }), { code: 'BEARERD_LISTEN', message: /not a socket/ });
    t.equal(statSync(file).size, 8, 'the file is left alone');
    const nowhere = { listen: [{ kind: 'unix', path: join(folder, 'no', 'such.sock') }], admin: 'off' } as const;
    await t.rejects(startProxy(upstream.url, { config: nowhere }), { code: 'BEARERD_LISTEN' });
    await upstream.close();
  },
);

t.test('a taken port is BEARERD_LISTEN with the address in its words, and nothing stays open', async (t) => {
  const taken = await takenPort();
  const free = await takenPort();
  await free.close();
  const config = {
    listen: [
      { kind: 'tcp', host: '127.0.0.1', port: free.port },
      { kind: 'tcp', host: '127.0.0.1', port: taken.port },
    ],
  } as const;
  await t.rejects(startProxy('http://127.0.0.1:9', { config }), {
    code: 'BEARERD_LISTEN',
    message: new RegExp(`127\\.0\\.0\\.1:${taken.port}`),
  });
  const reopened = createServer().listen(free.port, '127.0.0.1');
  await once(reopened, 'listening');
  t.pass('the first listener was closed again');
  reopened.close();
  await taken.close();
});

t.test('the admin port moves when it is the default, and only then', async (t) => {
  const taken = await takenPort();
  const admin = { kind: 'tcp', host: '127.0.0.1', port: taken.port } as const;
  const moved = await startProxy('http://127.0.0.1:9', { config: { admin, adminChosen: false } });
  const port = Number(new URL(moved.adminUrl).port);
  t.ok(port > taken.port && port <= taken.port + 20, `moved from ${taken.port} to ${port}`);
  t.equal((await read(await request(`${moved.adminUrl}/livez`))).status, 200);
  await moved.stop();
  await t.rejects(startProxy('http://127.0.0.1:9', { config: { admin, adminChosen: true } }), {
    code: 'BEARERD_LISTEN',
  });
  const off = await startProxy('http://127.0.0.1:9', { config: { admin: 'off' } });
  t.equal(off.adminUrl, '');
  await off.stop();
  await taken.close();
});

t.test('port 0 is any free port, told in the URL; IPv6 in brackets', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url, {
    config: {
      listen: [
        { kind: 'tcp', host: '127.0.0.1', port: 0 },
        { kind: 'tcp', host: '::1', port: 0 },
      ],
    },
  });
  t.ok(proxy.port > 0);
  t.equal((await read(await request(proxy.url))).status, 200);
  await proxy.stop();
  await upstream.close();
});

t.test('origins of a listener', async (t) => {
  t.same(originsOf({ url: 'unix:/x' }), []);
  t.same(originsOf({ url: 'http://127.0.0.1:8080' }), [
    'http://127.0.0.1:8080',
    'http://localhost:8080',
    'http://[::1]:8080',
  ]);
  t.same(originsOf({ url: 'http://0.0.0.0' }), [
    'http://0.0.0.0',
    'http://localhost',
    'http://127.0.0.1',
    'http://[::1]',
  ]);
});

t.test('an address that this machine does not have', async (t) => {
  const error = await openAddress(createHttpServer(), { kind: 'tcp', host: '192.0.2.1', port: 0 }, true).catch(
    (reason: BearerdError) => reason,
  );
  t.match(error, { code: 'BEARERD_LISTEN', message: /192\.0\.2\.1/ });
});
