import t from 'tap';
import { request } from 'undici';
import { isProblem, read } from '../support/problem.ts';
import { startProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

const terminated = { status: 502, code: 'BEARERD_UPSTREAM_TERMINATED', proxyStatus: 'connection_terminated' };
const protocol = { status: 502, code: 'BEARERD_UPSTREAM_PROTOCOL', proxyStatus: 'http_protocol_error' };

/** What an upstream sends in answer to a request, and the answer the client must get. */
const heads: readonly {
  readonly name: string;
  readonly bytes: string | undefined;
  readonly next?: 'reset' | 'end';
  readonly expected: typeof terminated;
}[] = [
  { name: 'reset before the head', bytes: undefined, next: 'reset', expected: terminated },
  { name: 'closed before the head', bytes: undefined, next: 'end', expected: terminated },
  {
    name: 'reset in the middle of the head',
    bytes: 'HTTP/1.1 200 OK\r\nContent-',
    next: 'reset',
    expected: terminated,
  },
  { name: 'closed in the middle of the head', bytes: 'HTTP/1.1 200 OK\r\nConte', next: 'end', expected: terminated },
  { name: 'no HTTP at all', bytes: 'SSH-2.0-OpenSSH_9.9\r\n', expected: protocol },
  {
    name: 'an unasked 101',
    bytes: 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    expected: protocol,
  },
  {
    name: 'an answer with informational heads only',
    bytes: 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1001),
    expected: protocol,
  },
  { name: 'lines that end without CR', bytes: 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', expected: protocol },
  { name: 'a status line with letters', bytes: 'HTTP/1.1 2OO OK\r\n\r\n', expected: protocol },
  {
    name: 'two lengths',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
    expected: protocol,
  },
  {
    name: 'a length and chunks',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    expected: protocol,
  },
  {
    name: 'an invalid length (RFC 9112 6.3)',
    bytes: 'HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n',
    expected: protocol,
  },
  {
    name: 'obs-fold (RFC 9112 5.2)',
    bytes: 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n',
    expected: protocol,
  },
  {
    name: 'a space before the colon',
    bytes: 'HTTP/1.1 200 OK\r\nX-A : b\r\nContent-Length: 0\r\n\r\n',
    expected: protocol,
  },
  { name: 'a NUL in a value', bytes: 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n', expected: protocol },
  {
    name: 'a header section of 100 KiB',
    bytes: `HTTP/1.1 200 OK\r\n${`X-A: ${'a'.repeat(1000)}\r\n`.repeat(100)}`,
    expected: protocol,
  },
];

t.test('an upstream that answers with rubbish is a 502 with its reason, and asked once for a POST', async (t) => {
  for (const { name, bytes, next, expected } of heads) {
    let heard = 0;
    const upstream = await startTcp((socket) =>
      onHead(socket, () => {
        heard += 1;
        if (bytes !== undefined) socket.write(Buffer.from(bytes, 'latin1'));
        if (next === 'reset') setTimeout(() => socket.resetAndDestroy(), 10);
        if (next === 'end') socket.end();
      }),
    );
    const proxy = await startProxy(upstream.url);
    isProblem(t, await read(await request(`${proxy.url}/x`, { method: 'POST' })), expected, name);
    t.equal(heard, 1, `${name}: one upstream call`);
    t.equal(proxy.tokens.count, 1, `${name}: one token request`);
    await proxy.stop();
    await upstream.close();
  }
});

t.test(
  'S15: a connection that is dropped without an answer is a 502; a POST is not repeated (RFC 9110 9.2.2)',
  async (t) => {
    const upstream = await startTcp((socket) => socket.on('data', () => socket.destroy()));
    const proxy = await startProxy(upstream.url);
    const answer = await read(await request(`${proxy.url}/x`, { method: 'POST', body: '{}' }));
    isProblem(t, answer, terminated, 'S15');
    t.equal(upstream.connections, 1);
    t.equal(proxy.tokens.count, 1);
    await proxy.stop();
    await upstream.close();
  },
);

t.test('a body that breaks off is never a clean end for the client', async (t) => {
  const bodies = [
    { name: 'Content-Length', fields: 'Content-Length: 1000', first: 'x'.repeat(100), endings: ['reset', 'end'] },
    {
      name: 'chunked',
      fields: 'Transfer-Encoding: chunked',
      first: `64\r\n${'x'.repeat(100)}\r\n`,
      endings: ['reset', 'end'],
    },
    {
      name: 'in the middle of a chunk',
      fields: 'Transfer-Encoding: chunked',
      first: `3e8\r\n${'x'.repeat(100)}`,
      endings: ['reset', 'end'],
    },
    {
      name: 'a broken chunk size',
      fields: 'Transfer-Encoding: chunked',
      first: `64\r\n${'x'.repeat(100)}\r\n`,
      endings: ['bad size'],
    },
    // a FIN is the proper end of such a body and cannot be told from a dying process
    { name: 'delimited by the close', fields: 'X-None: 1', first: 'x'.repeat(100), endings: ['reset'] },
  ];
  for (const { name, fields, first, endings } of bodies) {
    for (const ending of endings) {
      for (const version of ['1.1', '1.0']) {
        let breakOff = () => {};
        const upstream = await startTcp((socket) =>
          onHead(socket, () => {
            socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${first}`);
            breakOff = () => {
              if (ending === 'reset') socket.resetAndDestroy();
              else if (ending === 'end') socket.end();
              else socket.write('zz\r\n');
            };
          }),
        );
        const proxy = await startProxy(upstream.url);
        const client = new RawClient(proxy.port);
        client.write(`GET / HTTP/${version}\r\nHost: localhost\r\n\r\n`);
        const what = `${name}, ${ending}, client HTTP/${version}`;
        // a reset takes away what has not been read yet
        await eventually(() => client.text.includes('xxx'), `${what}: the beginning has arrived`);
        breakOff();
        await client.closed;
        t.match(client.text, /^HTTP\/1.1 200 OK\r\n/, what);
        t.equal(client.ending, 'reset', `${what}: the client's connection is reset`);
        t.notMatch(client.text, /\r\n0\r\n\r\n$/, `${what}: no last chunk`);
        await proxy.stop();
        t.match(
          proxy.output.records().find(({ event }) => event === 'request'),
          { aborted: true, status: 200 },
          what,
        );
        await upstream.close();
      }
    }
  }
});

t.test('a reset that comes together with the last of a close-delimited body is no end of it', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf');
      socket.resetAndDestroy();
    }),
  );
  const proxy = await startProxy(upstream.url);
  const answer = await request(proxy.url);
  await t.rejects(answer.body.text(), 'an answer that is cut off');
  await proxy.stop();
  t.match(
    proxy.output.records().find(({ event }) => event === 'request'),
    { aborted: true, status: 200 },
  );
  await upstream.close();
});

t.test('a close-delimited body that ends with a FIN is complete', async (t) => {
  const upstream = await startTcp((socket) => onHead(socket, () => socket.end('HTTP/1.0 200 OK\r\n\r\nall of it')));
  const proxy = await startProxy(upstream.url);
  const answer = await read(await request(proxy.url));
  t.match(answer, { status: 200, text: 'all of it' });
  await proxy.stop();
  await upstream.close();
});

t.test('more body than Content-Length says: the rest answers nobody', async (t) => {
  const upstream = await startTcp((socket, nth) =>
    onHead(socket, () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign`);
      if (nth > 3) socket.end();
    }),
  );
  const proxy = await startProxy(upstream.url);
  for (let i = 0; i < 3; i += 1) {
    const answer = await read(await request(`${proxy.url}/${i}`));
    t.not(answer.text, 'foreign');
    t.ok([200, 502].includes(answer.status), `answer ${i} is ${answer.status}`);
  }
  await proxy.stop();
  await upstream.close();
});

t.test('unsolicited bytes on an idle upstream connection never answer the next request (CVE-2026-48931)', async (t) => {
  const upstream = await startTcp((socket, nth) =>
    onHead(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      if (nth === 1) setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign'), 20);
    }),
  );
  const proxy = await startProxy(upstream.url);
  t.equal((await read(await request(proxy.url))).text, 'ok');
  await new Promise((resolve) => setTimeout(resolve, 60));
  t.equal((await read(await request(proxy.url))).text, 'ok');
  t.equal(upstream.connections, 2, 'the connection was dropped');
  await proxy.stop();
  await upstream.close();
});

t.test('unsolicited bytes that arrive in the very moment of the next request do not answer it', async (t) => {
  // both sides write at once: the bytes are in the socket when the request is sent
  const upstream = await startTcp((socket, nth) => {
    onHead(socket, () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      if (nth === 1) setImmediate(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign'));
    });
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.until(/ok(\r\n0\r\n\r\n)?$/);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await client.closed;
  t.notMatch(client.text, /foreign/);
  await proxy.stop();
  await upstream.close();
});

t.test('a 503 to GET is passed on once, with its Retry-After', async (t) => {
  const upstream = await startUpstream((_seen, response) => {
    response.writeHead(503, { 'retry-after': '1' });
    response.end('busy');
  });
  const proxy = await startProxy(upstream.url);
  const answer = await read(await request(proxy.url));
  t.match(answer, { status: 503, text: 'busy', headers: { 'retry-after': '1' } });
  t.equal(upstream.seen.length, 1);
  await proxy.stop();
  await upstream.close();
});

t.test('answers without a body end at their head, whatever their Content-Length says', async (t) => {
  const cases = [
    { name: '204', method: 'GET', head: 'HTTP/1.1 204 No Content\r\n' },
    {
      name: '204 with a length (forbidden by RFC 9110 8.6)',
      method: 'GET',
      head: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n',
    },
    {
      name: '304 with the length of the 200',
      method: 'GET',
      head: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 1234\r\n',
    },
    { name: '304', method: 'GET', head: 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n' },
    { name: 'HEAD with a length', method: 'HEAD', head: 'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n' },
    {
      name: 'HEAD with chunks announced',
      method: 'HEAD',
      head: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n',
    },
    { name: 'HEAD without anything', method: 'HEAD', head: 'HTTP/1.1 200 OK\r\n' },
  ];
  for (const { name, method, head } of cases) {
    const upstream = await startTcp((socket) => onHead(socket, () => socket.write(`${head}\r\n`)));
    const proxy = await startProxy(upstream.url);
    const client = new RawClient(proxy.port);
    for (const _ of [1, 2]) client.write(`${method} / HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await client.until(/\r\n\r\nHTTP[\s\S]*\r\n\r\n$/);
    t.equal(client.ending, 'open', `${name}: the connection goes on`);
    t.equal(client.text.split(/\r\n\r\n/).length, 3, `${name}: two heads and nothing else`);
    const status = head.slice(9, 12);
    t.equal(client.text.match(/^HTTP\/1.1 \d+/gm)?.join(), `HTTP/1.1 ${status},HTTP/1.1 ${status}`, name);
    if (status === '200' && head.includes('1234')) t.match(client.text, /Content-Length: 1234/i, name);
    if (status === '304' && head.includes('1234')) t.match(client.text, /Content-Length: 1234/i, name);
    if (status === '204') t.notMatch(client.text, /Content-Length/i, `${name}: no length on a 204`);
    client.socket.destroy();
    await proxy.stop();
    await upstream.close();
  }
});

t.test('103 Early Hints go on to an HTTP/1.1 client, not to an HTTP/1.0 one (RFC 9110 15.2)', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => {
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n\r\n');
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 50);
    }),
  );
  const proxy = await startProxy(upstream.url);
  const modern = new RawClient(proxy.port);
  modern.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await modern.until(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>; rel=preload; as=style\r\n\r\n/);
  await modern.closed;
  t.match(modern.text, /\r\n\r\nHTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  const old = new RawClient(proxy.port);
  old.write('GET / HTTP/1.0\r\nHost: localhost\r\n\r\n');
  await old.closed;
  t.match(old.text, /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  await proxy.stop();
  await upstream.close();
});

t.test('an unasked 100 is not the answer, and goes no further (RFC 9110 15.2)', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 20);
    }),
  );
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await client.closed;
  t.match(client.text, /^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
  await proxy.stop();
  await upstream.close();
});

t.test('early hints whose Link nobody can read, or after the client has gone, harm nothing', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () => {
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: nonsense\r\nX-A: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n',
      );
      socket.write('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }),
  );
  const proxy = await startProxy(upstream.url);
  t.match(await read(await request(proxy.url)), { status: 200, text: 'ok' });
  await proxy.stop();
  await upstream.close();
});

t.test('a safe request on a kept connection that dies unanswered is sent once more (RFC 9110 9.2.2)', async (t) => {
  const cases = [
    { method: 'GET', body: null, again: true },
    { method: 'HEAD', body: null, again: true },
    { method: 'PUT', body: 'the body', again: false },
    { method: 'POST', body: 'the body', again: false },
    { method: 'PATCH', body: 'the body', again: false },
  ] as const;
  for (const { method, body, again } of cases) {
    for (const how of ['reset', 'end'] as const) {
      const upstream = await startTcp((socket, nth) => {
        let requests = 0;
        socket.on('data', (chunk) => {
          const text = chunk.toString('latin1');
          if (/^[A-Z]+ \//.test(text)) requests += 1;
          if (nth === 1 && requests === 2) {
            if (how === 'reset') socket.resetAndDestroy();
            else socket.end();
          } else if (body === null || requests === 1 || text.endsWith(body)) {
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          }
        });
      });
      const proxy = await startProxy(upstream.url);
      await read(await request(proxy.url));
      const answer = await read(await request(proxy.url, { method, body }));
      const what = `${method}, ${how}`;
      if (again) t.equal(answer.status, 200, what);
      else isProblem(t, answer, terminated, what);
      t.equal(upstream.connections, again ? 2 : 1, `${what}: connections`);
      await proxy.stop();
      await upstream.close();
    }
  }
});

t.test('a connection that dies unanswered again and again is a 502 after one repeat', async (t) => {
  let requests = 0;
  const upstream = await startTcp((socket) => {
    onHead(socket, (_head, nth) => {
      requests += 1;
      if (nth === 1 && requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      else socket.resetAndDestroy();
    });
  });
  const proxy = await startProxy(upstream.url);
  await read(await request(proxy.url));
  isProblem(t, await read(await request(proxy.url)), terminated, 'second request');
  t.equal(requests, 3);
  await proxy.stop();
  await upstream.close();
});

t.test('a head whose fields Node would refuse to write does not end the process', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, () =>
      socket.write('HTTP/1.1 200 \x01\xe9\r\nX-A: \xe9\x80\r\nContent-Length: 2\r\n\r\nok', 'latin1'),
    ),
  );
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  await client.closed;
  t.match(client.text, /^HTTP\/1.1 (200|502) /);
  if (client.text.startsWith('HTTP/1.1 200')) t.match(client.text, /X-A: \xe9\x80\r\n/, 'bytes above 0x7f are kept');
  await eventually(() => upstream.sockets.size <= 1, 'no connection leaks');
  await proxy.stop();
  await upstream.close();
});
