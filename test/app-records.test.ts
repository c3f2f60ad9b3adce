import t from 'tap';
import { request } from 'undici';
import { read } from './support/problem.ts';
import { defaultRoute, startProxy } from './support/proxy.ts';
import { rawRequest } from './support/raw-http.ts';
import { startUpstream } from './support/upstream.ts';

const body401 = '{"errorCode":"expiredToken","userMessage":"no"}';

t.test('one access-log line per request, with the facts of wire facts 5.5 and no query', async (t) => {
  const upstream = await startUpstream((seen, response) => {
    if (seen.headers.authorization === 'Bearer token1' && seen.url.startsWith('/refused'))
      response.writeHead(401).end(body401);
    else if (seen.url === '/missing') response.writeHead(404).end();
    else response.end('ok');
  });
  const proxy = await startProxy(upstream.url);
  await read(await request(`${proxy.url}/x?secret=query`));
  await read(await request(`${proxy.url}/refused`, { method: 'POST', body: 'b' }));
  await read(await request(`${proxy.url}/missing`, { method: 'DELETE' }));
  await rawRequest(proxy.port, 'GET /guard?q HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  await proxy.stop();
  const lines = proxy.output.records().filter(({ event }) => event === 'request');
  t.match(lines, [
    { level: 'info', route: 'api', method: 'GET', path: '/x', status: 200, attempts: 1, generation: 1 },
    {
      route: 'api',
      method: 'POST',
      path: '/refused',
      status: 200,
      attempts: 2,
      generation: 2,
      rule: 'M5',
      code: 'expiredToken',
    },
    { route: 'api', method: 'DELETE', path: '/missing', status: 404, attempts: 1, generation: 2 },
    { method: 'GET', path: '/guard', status: 421, attempts: 0, error: 'BEARERD_HOST_NOT_ALLOWED' },
  ]);
  t.equal(lines.length, 4);
  for (const line of lines) {
    t.match(line['requestId'], /^[0-9a-f]{8}-[0-9a-z]+$/);
    t.equal(typeof line['totalMs'], 'number');
  }
  t.equal(new Set(lines.map(({ requestId }) => requestId)).size, 4, 'each its own id');
  t.notMatch(proxy.output.text, 'secret=query');
  await upstream.close();
});

t.test('log.access: false leaves the lines out, everything else stays', async (t) => {
  const upstream = await startUpstream((_seen, response) =>
    response.writeHead(401).end('{"errorCode":"malformedToken"}'),
  );
  const proxy = await startProxy(upstream.url, { config: { log: { level: 'trace', format: 'json', access: false } } });
  await read(await request(proxy.url));
  await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  await proxy.stop();
  t.notOk(proxy.output.records().some(({ event }) => event === 'request'));
  t.ok(proxy.output.records().some(({ event, rule }) => event === 'challenge' && rule === 'M10'));
  await upstream.close();
});

t.test('the problem names the request as the log does', async (t) => {
  const proxy = await startProxy('http://127.0.0.1:9');
  const answer = JSON.parse((await read(await request(`${proxy.url}/x/y?z`))).text);
  await proxy.stop();
  const line = proxy.output.records().find(({ event }) => event === 'request');
  t.equal(answer.requestId, line?.['requestId']);
  t.equal(answer.instance, '/x/y');
  t.match(line, { error: answer.code, status: answer.status });
});

t.test('/metrics counts requests, repeats, refusals, token requests', async (t) => {
  const upstream = await startUpstream((seen, response) => {
    if (seen.headers.authorization === 'Bearer token1') response.writeHead(401).end(body401);
    else response.end('ok');
  });
  const proxy = await startProxy(upstream.url);
  await read(await request(proxy.url));
  await read(await request(proxy.url, { method: 'POST', body: 'x' }));
  await rawRequest(proxy.port, 'GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n');
  await rawRequest(proxy.port, 'TRACE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  const { text } = await read(await request(`${proxy.adminUrl}/metrics`));
  for (const sample of [
    'bearerd_requests_total{route="api",method="GET",status="2xx"} 1',
    'bearerd_requests_total{route="api",method="POST",status="2xx"} 1',
    'bearerd_retries_total{route="api",rule="M5"} 1',
    'bearerd_refusals_total{listener="proxy",code="BEARERD_HOST_NOT_ALLOWED"} 1',
    'bearerd_refusals_total{listener="proxy",code="BEARERD_METHOD_NOT_ALLOWED"} 1',
    'bearerd_token_requests_total{credential="test",outcome="success"} 2',
    'bearerd_request_duration_seconds_count{route="api"} 2',
    'bearerd_upstream_duration_seconds_count{route="api"} 2',
  ]) {
    t.ok(text.includes(sample), sample);
  }
  t.notMatch(text, 'token1');
  await proxy.stop();
  await upstream.close();
});

t.test('no token in anything that is written, at level trace, whatever goes wrong', async (t) => {
  let step = 0;
  const upstream = await startUpstream((seen, response) => {
    step += 1;
    const token = seen.headers.authorization ?? '';
    // an upstream that echoes the token everywhere
    response.writeHead(step % 3 === 0 ? 200 : 401, { 'x-echo': token, 'www-authenticate': `Bearer error="${token}"` });
    response.end(JSON.stringify({ errorCode: step % 2 === 0 ? 'expiredToken' : 'invalidToken', userMessage: token }));
  });
  const proxy = await startProxy(upstream.url);
  const answers: string[] = [];
  for (let i = 0; i < 12; i += 1) {
    const answer = await read(await request(`${proxy.url}/${i}`, { method: i % 2 === 0 ? 'GET' : 'POST' }));
    if (answer.headers['content-type'] === 'application/problem+json') answers.push(answer.text);
  }
  const metrics = await read(await request(`${proxy.adminUrl}/metrics`));
  await proxy.stop();
  t.ok(answers.length > 0);
  for (const text of [...answers, proxy.output.text, metrics.text]) t.notMatch(text, /token\d/);
  await upstream.close();
});

t.test('routes at their own addresses are served there and nowhere else', async (t) => {
  const one = await startUpstream((_seen, response) => response.end('one'));
  const two = await startUpstream((_seen, response) => response.end('two'));
  const proxy = await startProxy(one.url, {
    config: {
      routes: [
        { ...defaultRoute, name: 'one', upstream: one.url },
        {
          ...defaultRoute,
          name: 'two',
          path: '/two',
          upstream: two.url,
          listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
        },
      ],
    },
  });
  const [first = '', second = ''] = proxy.urls;
  t.equal((await read(await request(`${first}/two`))).text, 'one');
  t.equal((await read(await request(`${second}/two`))).text, 'two');
  t.equal((await read(await request(`${second}/x`))).status, 404);
  await proxy.stop();
  await one.close();
  await two.close();
});
