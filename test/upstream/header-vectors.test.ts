import { readFileSync } from 'node:fs';
import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { fieldsOf, onHead, RawClient, startTcp } from '../support/tcp.ts';

interface HeaderVector {
  readonly id: string;
  readonly title: string;
  readonly given: {
    readonly request_headers: readonly (readonly [string, string])[];
    readonly request_target?: string;
    readonly request_targets?: readonly string[];
    readonly method?: string;
    readonly body?: string;
  };
  readonly expect: {
    readonly upstream_has: readonly (readonly [string, string])[];
    readonly upstream_lacks: string | readonly string[];
  };
}

// JSON.parse gives no types; the shape is the one of the vectors' field notes.
const { header_forwarding: vectors } = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8')) as {
  header_forwarding: readonly HeaderVector[];
};

t.test('the vectors are there', async (t) => {
  t.same(
    vectors.map(({ id }) => id),
    ['F01', 'F03', 'F05', 'F06', 'F07', 'F09', 'F10', 'F11', 'F12', 'F13', 'F15'],
  );
});

/** Sends a vector's request with its exact bytes through a proxy before an upstream at /base. */
async function exchange({ given }: HeaderVector, target: string) {
  const heads: string[] = [];
  const upstream = await startTcp((socket) =>
    onHead(socket, (head) => {
      // the body of F10 stands before the next head
      if (/^\w+ \/\S* HTTP/.test(head)) heads.push(head);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }),
  );
  const proxy = await startProxy(`${upstream.url}/base`);
  // the process's own name is learnt from a first request
  const first = new RawClient(proxy.port);
  first.write('GET /first HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await first.closed;
  const via = /bearerd-\w+/.exec(heads[0] ?? '')?.[0] ?? '';
  heads.length = 0;
  const client = new RawClient(proxy.port);
  const fields = given.request_headers.map(
    ([name, value]) => `${name}: ${value.replace("<this process's own name>", via)}\r\n`,
  );
  client.write(`${given.method ?? 'GET'} ${target} HTTP/1.1\r\n${fields.join('')}\r\n`);
  if (given.body !== undefined) {
    await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n/);
    client.write(given.body);
  }
  await client.until(/HTTP\/1.1 [2-5]\d\d[\s\S]*\r\n\r\n[\s\S]+/);
  client.socket.destroy();
  await proxy.stop();
  await upstream.close();
  return { heads, answer: client.text.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, '') };
}

for (const vector of vectors.filter(({ id }) => id !== 'F11' && id !== 'F15')) {
  t.test(`${vector.id}: ${vector.title}`, async (t) => {
    const target = vector.given.request_target ?? '/rest/2.0/communities';
    const { heads, answer } = await exchange(vector, target);
    t.match(answer, /^HTTP\/1.1 200 OK\r\n/);
    t.equal(heads.length, 1);
    const head = heads[0] ?? '';
    t.equal(head.split('\r\n')[0]?.split(' ')[1], `/base${target}`, 'the target, byte for byte');
    const fields = fieldsOf(head);
    for (const [name, expected] of vector.expect.upstream_has) {
      const values = fields.filter(([given]) => given === name).map(([, value]) => value);
      t.equal(values.length, 1, `${name}: one line`);
      const value = expected.replace('<token>', 'token1');
      if (value.startsWith('/')) t.match(values[0], new RegExp(value.slice(1, -1)));
      else t.equal(values[0], value);
    }
    for (const name of [vector.expect.upstream_lacks].flat()) {
      t.notOk(
        fields.some(([given]) => given === name),
        `${name} is not sent`,
      );
    }
    t.equal(fields.filter(([name]) => name === 'authorization').length, 1, 'one Authorization');
    t.match(fields.find(([name]) => name === 'host')?.[1], /^127\.0\.0\.1:\d+$/, "the upstream's Host");
  });
}

for (const vector of vectors.filter(({ id }) => id === 'F11')) {
  t.test(`${vector.id}: ${vector.title}`, async (t) => {
    const { heads, answer } = await exchange(vector, '/x');
    t.match(answer, /^HTTP\/1.1 502 Bad Gateway\r\n/);
    t.match(answer, /Proxy-Status: bearerd; error=proxy_loop_detected;/);
    t.match(answer, /"code":"BEARERD_LOOP"/);
    t.same(heads, [], 'nothing was sent');
  });
}

for (const vector of vectors.filter(({ id }) => id === 'F15')) {
  for (const target of vector.given.request_targets ?? []) {
    t.test(`${vector.id}: ${vector.title}: ${target}`, async (t) => {
      const { heads, answer } = await exchange(vector, target);
      t.match(answer, /^HTTP\/1.1 400 Bad Request\r\n/);
      t.match(answer, /"code":"BEARERD_REQUEST_MALFORMED"/);
      t.same(heads, [], 'nothing was sent');
    });
  }
}
