import t from 'tap';
import { hasDotDotSegment, pathAndQuery, upstreamTarget } from '../../src/inbound/request-target.ts';
import { RouteTable } from '../../src/inbound/route-table.ts';
import { defaultRoute, startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startUpstream } from '../support/upstream.ts';

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

t.test('longest prefix on segment boundaries', async (t) => {
  const table = new RouteTable(['', '/api', '/api/v2', '/api/v2/deep/er', '/b'].map((prefix) => ({ prefix })));
  const cases: readonly [string, string][] = [
    ['/', ''],
    ['/api', '/api'],
    ['/api/', '/api'],
    ['/api?x=/api/v2', '/api'],
    ['/apis', ''],
    ['/api/v2', '/api/v2'],
    ['/api/v2/', '/api/v2'],
    ['/api/v22/x', '/api'],
    ['/api/v2/deep', '/api/v2'],
    ['/api/v2/deep/er/and/deeper', '/api/v2/deep/er'],
    ['/api//v2', '/api'],
    ['//api', ''],
    ['/API', ''],
    ['/api%2Fv2', ''],
    ['/api;x/v2', ''],
    ['/b', '/b'],
    ['/bb', ''],
    [`/api${'/x'.repeat(5000)}`, '/api'],
  ];
  for (const [path, prefix] of cases) t.equal(table.find(path)?.prefix, prefix, path.slice(0, 60));
  t.equal(new RouteTable([{ prefix: '/api' }]).find('/other'), undefined, 'no route');
  t.equal(new RouteTable([{ prefix: '' }]).find('/any')?.prefix, '', 'the only route');
});

t.test('the prefix is replaced by the base path', async (t) => {
  const cases: readonly [string, string, string, string][] = [
    ['/x?y', '', '', '/x?y'],
    ['/x?y', '', '/base', '/base/x?y'],
    ['/api/x?y', '/api', '', '/x?y'],
    ['/api', '/api', '', '/'],
    ['/api?y', '/api', '', '/?y'],
    ['/api?y', '/api', '/base', '/base?y'],
    ['/api/', '/api', '/base', '/base/'],
    ['*', '', '', '/*'],
  ];
  for (const [path, prefix, base, expected] of cases) t.equal(upstreamTarget(path, prefix, base), expected, path);
  t.equal(pathAndQuery('http://localhost:1/x?y'), '/x?y');
  t.equal(pathAndQuery('http://localhost?y'), '/?y');
  t.equal(pathAndQuery('/x'), '/x');
});

t.test('what some server takes for `..`, and what none does', async (t) => {
  const up = [
    ...['/..', '/../x', '/x/..', '/x/../y', '/%2e%2e/x', '/%2E./x', '/.%2e', '/..%2fx', '/x%2f..', '/..%5cx', '/..\\x'],
    ...['/x\\..', '/..;a/x', '/..;', '/%252e%252e/x', '/%25252e./x', '/..%252fx', '/..%3bx/y', '/%2e%2e%3b'],
  ];
  const plain = [
    '/',
    '/x',
    '/...',
    '/..x',
    '/x..',
    '/x..y/z',
    '/.',
    '/./x',
    '/%2e/x',
    '/x%2ey',
    '/a;..b',
    '/x/...;y',
    '/%2e%2ex',
  ];
  for (const path of up) t.ok(hasDotDotSegment(path), path);
  for (const path of plain) t.notOk(hasDotDotSegment(path), path);
});

t.test('path bytes are untouched, whatever they are (RFC 9110 7.7)', async (t) => {
  const targets = [
    ...[
      '/a%2Fb',
      '/%zz',
      '/%',
      '/a%',
      '//x//y',
      '//evil.example/x',
      '/x;v=1;w',
      '/a\\b',
      '/x?',
      '/?',
      '/x??y',
      '/x?q=a+b%20c&&x=%ZZ',
    ],
    ...[
      '/x?f=../y',
      '/x?u=http://a/b',
      '/.',
      '/./x',
      '/%7Eu',
      '/~u',
      '/a|b',
      '/a{b}',
      '/a^b`c',
      '/a"b',
      "/a'b",
      '/<x>',
      '/[x]',
      '/a:b@c',
    ],
    ...['/..', '/../x', '/%2e%2e/x', '/*', '/x:443', `/${'y'.repeat(8000)}`],
  ];
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  for (const target of targets) {
    const answer = await rawRequest(proxy.port, get(target));
    t.equal(answer.status, 200, `${target.slice(0, 60)}: ${answer.body}`);
    t.equal(upstream.seen.at(-1)?.url, target, target.slice(0, 60));
  }
  t.equal(upstream.seen.length, targets.length);
  for (const target of ['/\u00e9', '/x?\u00ff', '/x y', '/\t'])
    t.equal((await rawRequest(proxy.port, get(target))).status, 400, target);
  t.equal(upstream.seen.length, targets.length, 'bytes that no target has are refused');
  await proxy.stop();
  await upstream.close();
});

t.test('a fragment is refused, an absolute-form target loses its authority', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  t.equal((await rawRequest(proxy.port, get('/x#y'))).status, 400);
  t.equal((await rawRequest(proxy.port, get('http://localhost/a%2fb?c'))).status, 200);
  t.equal(upstream.seen.at(-1)?.url, '/a%2fb?c');
  t.equal((await rawRequest(proxy.port, get('http://localhost'))).status, 200);
  t.equal(upstream.seen.at(-1)?.url, '/');
  t.equal((await rawRequest(proxy.port, get('http://evil.example/x'))).status, 421);
  t.equal((await rawRequest(proxy.port, get('https://localhost/x'))).status, 421);
  t.equal(
    (await rawRequest(proxy.port, `OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).status,
    200,
  );
  t.equal(upstream.seen.length, 3);
  await proxy.stop();
  await upstream.close();
});

t.test('two routes: each has its prefix, base path and upstream; everything else is 404', async (t) => {
  const one = await startUpstream();
  const two = await startUpstream();
  const proxy = await startProxy(one.url, {
    config: {
      routes: [
        { ...defaultRoute, name: 'one', path: '/one', upstream: `${one.url}/base/` },
        { ...defaultRoute, name: 'two', path: '/one/two', upstream: two.url },
      ],
    },
  });
  await rawRequest(proxy.port, get('/one/x?y'));
  await rawRequest(proxy.port, get('/one'));
  await rawRequest(proxy.port, get('/one/two/x'));
  await rawRequest(proxy.port, get('/one/twofold'));
  t.same(
    one.seen.map(({ url }) => url),
    ['/base/x?y', '/base', '/base/twofold'],
  );
  t.same(
    two.seen.map(({ url }) => url),
    ['/x'],
  );
  for (const target of ['/', '/on', '/ones', '/ONE/x', '/x/one']) {
    const answer = await rawRequest(proxy.port, get(target));
    t.equal(answer.status, 404, target);
    t.match(JSON.parse(answer.body), { code: 'BEARERD_NO_ROUTE', status: 404, instance: target });
    t.match(answer.head, /Proxy-Status: bearerd; error=destination_not_found/);
  }
  for (const target of ['/one/../two', '/one/%2e%2e/x', '/one/..%2fx', '/one/two/..;/x', '/one/x?../ok']) {
    const answer = await rawRequest(proxy.port, get(target));
    t.equal(answer.status, target.includes('?') ? 200 : 400, target);
    if (answer.status === 400) t.equal(JSON.parse(answer.body).instance, target.replace('\\', '%5C'));
  }
  t.equal(proxy.tokens.count, 1);
  await proxy.stop();
  await one.close();
  await two.close();
});

t.test('Location follows the prefix, and how the client addressed us', async (t) => {
  const upstream = await startUpstream((_seen, response) => {
    response.writeHead(302, { location: `http://127.0.0.1:${upstream.port}/base/next` }).end();
  });
  const proxy = await startProxy(`${upstream.url}/base`, {
    config: { routes: [{ ...defaultRoute, path: '/api', upstream: `${upstream.url}/base` }] },
  });
  const byHost = await rawRequest(
    proxy.port,
    `GET /api/x HTTP/1.1\r\nHost: localhost:${proxy.port}\r\nConnection: close\r\n\r\n`,
  );
  t.match(byHost.head, `location: http://localhost:${proxy.port}/api/next`);
  const absolute = `GET http://127.0.0.1:${proxy.port}/api/x HTTP/1.1\r\nHost: other.example\r\nConnection: close\r\n\r\n`;
  t.match((await rawRequest(proxy.port, absolute)).head, `location: http://127.0.0.1:${proxy.port}/api/next`);
  t.equal(upstream.seen.length, 2, 'redirects are not followed');
  await proxy.stop();
  await upstream.close();
});
