import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { looksLikeLoopback, loopback } from '../support/certificates.ts';
import { startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startUpstream } from '../support/upstream.ts';

// Mistakes that other proxies and HTTP libraries were corrected for, where no other test is about them; docs/security.md
// has the list of all.

t.test(
  'Envoy CVE-2022-21656: a certificate that says 127.0.0.1 in names of other kinds is none for that address',
  async (t) => {
    for (const [pair, status] of [
      [looksLikeLoopback, 502],
      [loopback, 200],
    ] as const) {
      const server = createServer(pair, (_request, response) => response.end('ok'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      // listen() on a TCP port always gives an AddressInfo
      const { port } = server.address() as AddressInfo;
      const proxy = await startProxy(`https://127.0.0.1:${port}`, { route: { tls: { ca: [pair.cert] } } });
      const answer = await fetch(proxy.url);
      t.equal(answer.status, status);
      if (status === 502) t.match(await answer.json(), { code: 'BEARERD_UPSTREAM_CERTIFICATE' });
      await proxy.stop();
      server.close();
      server.closeAllConnections();
    }
  },
);

t.test(
  'http-proxy-middleware CVE-2026-55603, CVE-2025-32996; reply-from GHSA-v2v2-hph8-q5xp: bodies are not taken apart',
  async (t) => {
    const upstream = await startUpstream();
    const proxy = await startProxy(upstream.url);
    const part =
      '--x\r\nContent-Disposition: form-data; name="a\rb\nc\r\n\r\n--x"; filename="%0d%0a"\r\n\r\nv\r\n--x--\r\n';
    const bodies: readonly [type: string, body: string][] = [
      ['multipart/form-data; boundary=x', part],
      ['multipart/form-data', part],
      ['application/x-www-form-urlencoded', 'a=1&a=%0d%0a&__proto__=x&=;'],
      ['application/json', '{"a":1,"a":2,"__proto__":{}} trailing'],
      ['application/json; charset=utf-16', '{'],
      ['text/plain\tapplication/json', '<x>'],
    ];
    for (const [type, body] of bodies) {
      const head = `POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}`;
      t.equal((await rawRequest(proxy.port, `${head}\r\nConnection: close\r\n\r\n${body}`)).status, 200, type);
      const [seen, ...more] = upstream.seen.splice(0);
      t.equal(seen?.body.toString('latin1'), body, type);
      t.equal(seen?.headers['content-type'], type);
      t.same(more, [], 'sent once');
    }
    await proxy.stop();
    await upstream.close();
  },
);

t.test('undici CVE-2022-31150, CVE-2022-35948, CVE-2023-23936: no line break gets into a request', async (t) => {
  const cases: readonly [at: string, yaml: string][] = [
    ['headers.set.X-A', 'headers: { set: { X-A: "a\\r\\nX-B: c" } }'],
    ['headers.set', 'headers: { set: { "X-A: a\\r\\nX-B": c } }'],
    ['upstream', 'upstream: "https://api.example\\r\\nX-B: c/"'],
    ['probe', 'probe: "GET /a\\r\\nX-B: c"'],
  ];
  for (const [at, yaml] of cases) {
    const cwd = t.testdir({
      'bearerd.yaml': `${yaml.startsWith('upstream') ? '' : 'upstream: https://api.example\n'}credential: { provider: static, token: abc }\n${yaml}\n`,
    });
    const load = () => loadConfig({ env: {}, flags: {}, cwd, file: 'bearerd.yaml', home: undefined, providers });
    t.throws(load, new RegExp(at.replaceAll('.', '\\.')), yaml);
  }
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  proxy.tokens.answer = async () => ({ value: 'a\r\nX-B: c' });
  t.equal((await fetch(proxy.url)).status, 502, 'a token of another provider, which checked nothing');
  t.same(upstream.seen, []);
  await proxy.stop();
  await upstream.close();
});
