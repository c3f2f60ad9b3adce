import { METHODS } from 'node:http';
import t from 'tap';
import { request } from 'undici';
import { read } from '../support/problem.ts';
import { startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { eventually, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';
import { startRawUpstream, startUpstream } from '../support/upstream.ts';

t.test('every method that Node parses is forwarded with its body, except TRACE and CONNECT', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  for (const method of METHODS) {
    const body = method === 'CONNECT' ? '' : 'Content-Length: 3\r\n';
    const target = method === 'CONNECT' ? 'localhost:443' : '/x';
    const before = upstream.seen.length;
    const answer = await rawRequest(
      proxy.port,
      `${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${body}Connection: close\r\n\r\n${body === '' ? '' : 'abc'}`,
    );
    if (method === 'TRACE' || method === 'CONNECT') {
      t.equal(answer.status, 405, method);
      t.equal(upstream.seen.length, before, `${method}: no upstream call`);
      t.match(answer.head, /Proxy-Status: bearerd; error=http_request_error/);
      continue;
    }
    t.equal(answer.status, 200, `${method}: ${answer.body}`);
    t.equal(upstream.seen.at(-1)?.method, method);
    t.equal(upstream.seen.at(-1)?.body.toString(), 'abc', `${method}: body`);
  }
  await proxy.stop();
  await upstream.close();
});

t.test('odd, repeated, missing and unreadable Content-Types never matter; Latin-1 bytes survive', async (t) => {
  const upstream = await startUpstream((seen, response) => {
    response.writeHead(200, ['Content-Type', 'text/plain; charset=iso-8859-1', 'X-Back', '\u00e9']);
    response.end(seen.body);
  });
  const proxy = await startProxy(upstream.url);
  const types: readonly string[][] = [
    [],
    ['text/plain; charset=iso-8859-1'],
    ['application/json'],
    ['a/b', 'c/d'],
    ['nonsense'],
    [''],
    ['application/x-www-form-urlencoded'],
    ['multipart/form-data; boundary="\u00e9"'],
  ];
  for (const values of types) {
    const fields = values.map((value) => `Content-Type: ${value}\r\n`).join('');
    const head = `POST /x HTTP/1.1\r\nHost: localhost\r\nX-Latin: \u00e9\r\n${fields}Content-Length: 4\r\nConnection: close\r\n\r\n`;
    const answer = await rawRequest(proxy.port, `${head}{\u00e9\u00ff\u0000`);
    t.equal(answer.status, 200, JSON.stringify(values));
    t.equal(answer.body, '4\r\n{\u00e9\u00ff\u0000\r\n0\r\n\r\n');
    t.match(answer.head, 'X-Back: \u00e9');
    const seen = upstream.seen.at(-1);
    t.same(seen?.body, Buffer.from('{\u00e9\u00ff\u0000', 'latin1'));
    t.same(valuesOf(seen?.rawHeaders ?? [], 'content-type'), values);
    t.same(valuesOf(seen?.rawHeaders ?? [], 'x-latin'), ['\u00e9']);
  }
  await proxy.stop();
  await upstream.close();
});

function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

t.test('GET with a body, with a length and in chunks', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  const bodies = ['Content-Length: 5\r\n\r\nhello', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'];
  for (const rest of bodies) {
    for (const method of ['GET', 'HEAD', 'DELETE']) {
      await rawRequest(proxy.port, `${method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${rest}`);
      t.equal(upstream.seen.at(-1)?.body.toString(), 'hello', `${method} ${rest.slice(0, 20)}`);
    }
  }
  t.equal(upstream.seen.length, 6);
  await proxy.stop();
  await upstream.close();
});

t.test('request trailers are dropped together with Trailer; response trailers go on', async (t) => {
  const upstream = await startUpstream((_seen, response) => {
    response.writeHead(200, ['Trailer', 'X-Sum']);
    response.write('body');
    response.addTrailers([
      ['X-Sum', '1'],
      ['X-Sum', '2'],
    ]);
    response.end();
  });
  const proxy = await startProxy(upstream.url);
  const chunked = 'Transfer-Encoding: chunked\r\nTrailer: X-Req\r\nTE: trailers\r\n\r\n1\r\na\r\n0\r\nX-Req: 1\r\n\r\n';
  const answer = await rawRequest(proxy.port, `POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${chunked}`);
  t.match(answer.head, /\r\nTrailer: X-Sum/);
  t.equal(answer.body, '4\r\nbody\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n');
  t.same(valuesOf(upstream.seen[0]?.rawHeaders ?? [], 'trailer'), []);
  t.equal(upstream.seen[0]?.body.toString(), 'a');
  const old = await rawRequest(proxy.port, 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n');
  t.notMatch(old.head, /Trailer/i, 'HTTP/1.0 has none');
  t.equal(old.body, 'body');
  await proxy.stop();
  await upstream.close();
});

t.test('Expect: 100-continue is answered here and goes no further; other expectations are ignored', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write(
    'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
  );
  await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
  client.write('{}');
  await client.closed;
  t.match(client.text, /\r\n\r\nHTTP\/1.1 200 OK\r\n/);
  t.equal(upstream.seen[0]?.body.toString(), '{}');
  t.equal(upstream.seen[0]?.headers['expect'], undefined);
  const odd =
    'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: the-unexpected\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}';
  t.equal((await rawRequest(proxy.port, odd)).status, 200);
  await proxy.stop();
  await upstream.close();
});

t.test('an HTTP/1.0 client gets a close-delimited answer', async (t) => {
  const upstream = await startUpstream((_seen, response) => {
    response.write('one ');
    setTimeout(() => response.end('two'), 20);
  });
  const proxy = await startProxy(upstream.url);
  const answer = await rawRequest(proxy.port, 'GET / HTTP/1.0\r\nHost: localhost\r\n\r\n');
  t.match(answer, { status: 200, body: 'one two' });
  t.notMatch(answer.head, /transfer-encoding/i);
  await proxy.stop();
  await upstream.close();
});

t.test('pipelined requests on a kept connection are answered in order', async (t) => {
  const upstream = await startUpstream((seen, response) => {
    setTimeout(() => response.end(`answer to ${seen.url}`), seen.url === '/1' ? 60 : 0);
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  const one = (n: number) => `POST /${n} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nb${n}`;
  client.write(one(1) + one(2) + one(3));
  await client.until(/answer to \/3/);
  t.same(client.text.match(/answer to \/\d/g), ['answer to /1', 'answer to /2', 'answer to /3']);
  t.same(upstream.seen.map(({ url, body }) => `${url} ${body}`).sort(), ['/1 b1', '/2 b2', '/3 b3']);
  client.socket.destroy();
  await proxy.stop();
  await upstream.close();
});

t.test('an event stream opens at once and each event arrives when it is sent', async (t) => {
  let send: (text: string) => void = () => {};
  const upstream = await startRawUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    send = (text) => response.write(text);
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await client.until(/^HTTP\/1.1 200 OK\r\n[\s\S]*text\/event-stream[\s\S]*\r\n\r\n$/);
  t.pass('the head is there before the first byte of the body');
  send('data: 1\n\n');
  await client.until(/data: 1\n\n/);
  send('data: 2\n\n');
  await client.until(/data: 2\n\n/);
  client.socket.destroy();
  await eventually(() => upstream.sockets.size === 0, 'the stream ends upstream too');
  await proxy.stop();
  await upstream.close();
});

t.test('status, reason, field order and duplicates come back as they were', async (t) => {
  const head = [
    'X-B: 1',
    'x-b: 2',
    'Set-Cookie: a=1',
    'Set-Cookie: b=2',
    'X-Empty: ',
    'Date: yesterday',
    'Vary: a',
    'Vary: b',
  ];
  const upstream = await startTcp((socket) =>
    onHead(socket, () =>
      socket.write(`HTTP/1.1 299 Quite Fine\r\n${head.join('\r\n')}\r\nContent-Length: 2\r\n\r\nok`),
    ),
  );
  const proxy = await startProxy(upstream.url);
  const answer = await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  t.equal(answer.head, ['HTTP/1.1 299 Quite Fine', ...head, 'Content-Length: 2', 'Connection: close'].join('\r\n'));
  await proxy.stop();
  await upstream.close();
});

t.test('malformed requests are told so in the words of the catalog, and go nowhere', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  const host = 'Host: localhost\r\nConnection: close\r\n';
  const cases: readonly [string, number, string][] = [
    [`GET / HTTP/1.1\r\n${host}X: ${'a'.repeat(17_000)}\r\n\r\n`, 431, 'BEARERD_HEADERS_TOO_LARGE'],
    [`GET / HTTP/1.1\r\n${host}X : a\r\n\r\n`, 400, 'BEARERD_REQUEST_MALFORMED'],
    [`GET / HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`, 400, 'BEARERD_REQUEST_MALFORMED'],
    [`GET / HTTP/1.1\r\n${host}X: a\0b\r\n\r\n`, 400, 'BEARERD_REQUEST_MALFORMED'],
    [`POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400, 'BEARERD_REQUEST_MALFORMED'],
    [`POST / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\na`, 400, 'BEARERD_REQUEST_MALFORMED'],
    [
      `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'BEARERD_REQUEST_MALFORMED',
    ],
    [
      `POST / HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      501,
      'BEARERD_TRANSFER_CODING_UNSUPPORTED',
    ],
    [`POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'BEARERD_REQUEST_MALFORMED'],
    ['GET /a\r\n\r\n', 400, 'BEARERD_REQUEST_MALFORMED'],
    [`GET / HTTP/2.0\r\n${host}\r\n`, 400, 'BEARERD_REQUEST_MALFORMED'],
    [`GET / HTTP/1.1\r\n${host}Bad\r\n\r\n`, 400, 'BEARERD_REQUEST_MALFORMED'],
    ['nonsense\r\n\r\n', 400, 'BEARERD_REQUEST_MALFORMED'],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'BEARERD_REQUEST_MALFORMED'],
  ];
  for (const [bytes, status, code] of cases) {
    const answer = await rawRequest(proxy.port, bytes);
    const what = JSON.stringify(bytes.slice(0, 90));
    t.equal(answer.status, status, what);
    t.match(answer.head, 'Content-Type: application/problem+json');
    t.match(answer.head, 'Proxy-Status: bearerd; error=http_request_error');
    t.match(JSON.parse(answer.body), { code, status, requestId: /./, action: /./ }, what);
  }
  t.equal(upstream.seen.length, 0);
  t.equal(proxy.tokens.count, 0);
  await proxy.stop();
  const lines = proxy.output.records().filter(({ event }) => event === 'request');
  t.same(
    lines.map(({ error }) => error),
    cases.map(([, , code]) => code),
    'one access-log line each',
  );
  await upstream.close();
});

t.test('no header line is lost: a request with more than limits.headersCount is refused', async (t) => {
  const upstream = await startTcp((socket) =>
    onHead(socket, (head) => {
      const count = head.match(/\r\na: /gi)?.length ?? 0;
      socket.write(`HTTP/1.1 200 OK\r\nX-Count: ${count}\r\nContent-Length: 0\r\n\r\n`);
    }),
  );
  const proxy = await startProxy(upstream.url);
  const send = (count: number) =>
    rawRequest(proxy.port, `GET / HTTP/1.1\r\n${'a:\r\n'.repeat(count)}Host: localhost\r\nConnection: close\r\n\r\n`);
  t.match((await send(198)).head, 'X-Count: 198');
  for (const count of [199, 2_500]) {
    const answer = await send(count);
    t.equal(answer.status, 431, `${count} lines and two`);
    t.match(JSON.parse(answer.body), { code: 'BEARERD_HEADERS_TOO_LARGE' });
  }
  await proxy.stop();
  await upstream.close();
});

t.test('a body that turns out malformed ends the request without a trace upstream of a whole one', async (t) => {
  let whole = 0;
  const upstream = await startRawUpstream((request) => {
    request.on('error', () => {});
    request.on('end', () => (whole += 1));
    request.resume();
  });
  const proxy = await startProxy(upstream.url);
  const client = new RawClient(proxy.port);
  client.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  await eventually(() => upstream.sockets.size === 1, 'the request is upstream');
  client.write('zz\r\n');
  await client.closed;
  t.match(client.text, /^(HTTP\/1.1 400 |$)/);
  await sleep(20);
  t.equal(whole, 0);
  await proxy.stop();
  await upstream.close();
});

t.test("the head of a request has to be complete in time, the answer is bearerd's own", async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url, { limits: { headersTimeout: 200 } });
  const client = new RawClient(proxy.port);
  client.write('GET / HTTP/1.1\r\nHost: local');
  await client.closed;
  t.match(client.text, /^HTTP\/1.1 408 Request Timeout\r\n[\s\S]*"code":"BEARERD_REQUEST_TIMEOUT"/);
  await proxy.stop();
  await upstream.close();
});

t.test("a caller's own Authorization: replace, keep, reject", async (t) => {
  const refused = '{"errorCode":"expiredToken"}';
  const upstream = await startUpstream((seen, response) => {
    if (seen.headers.authorization === 'Basic theirs')
      response.writeHead(401, ['WWW-Authenticate', 'Basic', 'X-Own', '1']).end(refused);
    else response.end(seen.headers.authorization);
  });
  for (const authorization of ['replace', 'keep', 'reject'] as const) {
    const proxy = await startProxy(upstream.url, { route: { authorization } });
    const own = await read(await request(proxy.url, { headers: { authorization: 'Basic theirs' } }));
    if (authorization === 'replace') t.match(own, { status: 200, text: 'Bearer token1' });
    if (authorization === 'keep') {
      t.match(own, { status: 401, text: refused, headers: { 'www-authenticate': 'Basic', 'x-own': '1' } });
      t.equal(own.headers['proxy-status'], undefined, 'their 401 is untouched');
      t.equal(proxy.tokens.count, 0, 'no token request');
      t.equal(upstream.seen.filter(({ headers }) => headers.authorization === 'Basic theirs').length, 1, 'asked once');
    }
    if (authorization === 'reject') {
      t.equal(own.status, 403);
      t.match(JSON.parse(own.text), { code: 'BEARERD_AUTHORIZATION_NOT_ALLOWED' });
      t.equal(proxy.tokens.count, 0, 'no token request');
    }
    t.match(
      await read(await request(proxy.url)),
      { status: 200, text: 'Bearer token1' },
      `${authorization}: none of theirs`,
    );
    await proxy.stop();
  }
  await upstream.close();
});

t.test('authorization: keep: one field of theirs or one of ours, never two and never none', async (t) => {
  const upstream = await startUpstream((seen, response) => response.end(seen.headers.authorization));
  const proxy = await startProxy(upstream.url, { route: { authorization: 'keep' } });
  for (const [fields, answer] of [
    ['Authorization: Basic a\r\n', /200 OK[\s\S]*\r\nBasic a$/],
    ['Authorization: Basic a\r\nAuthorization: Bearer b\r\n', /400 Bad Request[\s\S]*more than one Authorization/],
    ['Authorization:\r\n', /200 OK[\s\S]*\r\nBearer token1$/],
    ['Authorization: Basic a\r\nConnection: authorization\r\n', /200 OK[\s\S]*\r\nBearer token1$/],
  ] as const) {
    const client = new RawClient(proxy.port);
    client.write(`GET / HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n`);
    t.match(await client.until(answer), answer, fields);
    client.socket.destroy();
  }
  await proxy.stop();
  await upstream.close();
});

t.test('CORS: a listed origin gets ours, everybody else none', async (t) => {
  const upstream = await startUpstream((_seen, response) => {
    response.writeHead(200, { 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' });
    response.end('ok');
  });
  const proxy = await startProxy(upstream.url, {
    config: { guard: { allowedHosts: ['127.0.0.1'], allowedOrigins: ['https://app.example'] } },
  });
  const origin = 'https://app.example';
  const preflight = await read(
    await request(proxy.url, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'PUT' } }),
  );
  t.match(preflight, {
    status: 204,
    headers: { 'access-control-allow-origin': origin, 'access-control-allow-methods': 'PUT' },
  });
  t.equal(upstream.seen.length, 0, 'answered here');
  const listed = await read(await request(proxy.url, { headers: { origin, 'sec-fetch-site': 'cross-site' } }));
  t.match(listed, { status: 200, headers: { 'access-control-allow-origin': origin } });
  t.equal(listed.headers['access-control-allow-credentials'], undefined);
  const none = await read(await request(proxy.url));
  t.equal(none.headers['access-control-allow-origin'], undefined);
  const foreign = await read(await request(proxy.url, { headers: { origin: 'https://evil.example' } }));
  t.equal(foreign.status, 403);
  t.equal(upstream.seen.length, 2);
  await proxy.stop();
  await upstream.close();
});

t.test('headers.set and headers.remove, cookies both ways', async (t) => {
  const upstream = await startUpstream((_seen, response) => {
    response.writeHead(200, ['Set-Cookie', 'JSESSIONID=1; Path=/']).end('ok');
  });
  const proxy = await startProxy(upstream.url, {
    route: { cookies: 'drop', headers: { set: { 'X-Client': 'bearerd' }, remove: ['X-Debug'] } },
  });
  const headers = { cookie: 'a=b', 'x-debug': '1', 'X-CLIENT': 'theirs' };
  const answer = await read(await request(proxy.url, { headers }));
  t.equal(answer.headers['set-cookie'], undefined);
  t.match(upstream.seen[0]?.headers, { 'x-client': 'bearerd' });
  t.equal(upstream.seen[0]?.headers.cookie, undefined);
  t.equal(upstream.seen[0]?.headers['x-debug'], undefined);
  await proxy.stop();
  await upstream.close();
});

t.test('a proxy that points at itself answers 502 after one round, not after thousands', async (t) => {
  let port = 0;
  // stands for the way back to the proxy's own address, which is not known before it listens
  const upstream = await startUpstream((seen, response) => {
    const back = `GET / HTTP/1.1\r\nHost: localhost\r\nVia: ${seen.headers.via}\r\nConnection: close\r\n\r\n`;
    rawRequest(port, back).then(({ status, body }) => response.writeHead(status).end(body));
  });
  const proxy = await startProxy(upstream.url);
  port = proxy.port;
  const answer = await read(await request(proxy.url));
  t.equal(answer.status, 502);
  t.match(JSON.parse(answer.text), { code: 'BEARERD_LOOP' });
  t.equal(upstream.seen.length, 1);
  await proxy.stop();
  await upstream.close();
});
