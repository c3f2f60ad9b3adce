import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { runBearerd, startBearerd } from '../support/bearerd-process.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { tlsFile, tlsText } from '../support/test-certificates.ts';

// Issue 7, network: one proxy for the upstream, another one for the identity provider. Both servers have a name that is
// not this machine's, because loopback is always reached directly; the proxies lead it to loopback.

const name = 'idp.example.com';
const server = createServer(
  { cert: tlsText('server.pem'), key: tlsText('server.key') },
  ({ url, headers }, response) => {
    const token = { access_token: 'the-token-of-the-test', expires_in: 300 };
    const answer = url?.startsWith('/token') ? token : { authorization: headers.authorization, host: headers.host };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
  },
);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
// A server that listens on TCP has such an address.
const { port } = server.address() as AddressInfo;
const forUpstream = await startConnectProxy();
const forIdp = await startConnectProxy();
t.teardown(async () => {
  server.close();
  server.closeAllConnections();
  await Promise.all([forUpstream.close(), forIdp.close()]);
});

const tls = { ca: [tlsFile('ca.pem')] };
const withPassword = (url: string, password: string) => url.replace('://', `://me:${password}@`);
const config = {
  log: { level: 'trace', format: 'json' },
  routes: [
    {
      upstream: `https://${name}:${port}/api`,
      tls,
      egressProxy: withPassword(forUpstream.url, 'pass-in-the-file'),
    },
    { path: '/direct', upstream: `http://127.0.0.1:${forIdp.port}`, timeouts: { connect: '1s', headers: '1s' } },
  ],
  credentials: {
    idp: {
      tokenEndpoint: `https://${name}:${port}/token`,
      clientId: 'me',
      clientSecret: 'a-secret-of-mine',
      tls,
      timeout: '2s',
    },
  },
};
const env = { HTTPS_PROXY: withPassword(forIdp.url, 'pass-in-the-variable'), HTTP_PROXY: forUpstream.url };
const passwords = /pass-in-the|bWU6cGFzcy1pbi10aGUt/;

t.test('upstream and identity provider behind proxies of their own; no password in any output', async (t) => {
  const bearerd = await startBearerd({ config, env });
  t.teardown(() => bearerd.stop());
  const answer = await fetch(bearerd.url);
  t.same(await answer.json(), { authorization: 'Bearer the-token-of-the-test', host: `${name}:${port}` });
  t.equal(forIdp.heads.length, 1, 'the token came through the proxy of the environment');
  t.equal(forUpstream.heads.length, 1, 'the call went through the proxy of the route');
  t.match(forIdp.heads[0], Buffer.from('me:pass-in-the-variable').toString('base64'));
  await fetch(`${bearerd.url}/direct/x`).catch(() => undefined);
  t.equal(forUpstream.heads.length, 1, 'loopback is reached directly, whatever HTTP_PROXY says');

  forIdp.reaction = { bytes: 'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n' };
  const refresh = { method: 'POST', headers: { 'Content-Type': 'application/json' } };
  const refused = await (await fetch(`${bearerd.adminUrl}/api/credentials/idp/refresh`, refresh)).text();
  t.match(JSON.parse(refused), {
    status: 502,
    detail: `The egress proxy ${forIdp.url} answered 407`,
    action: 'user name, password',
  });
  const printed = await Promise.all(
    [['config', 'print', '--why'], ['config', 'print', '--json'], ['check']].map((words) =>
      runBearerd({ words, env, folder: bearerd.folder }),
    ),
  );
  t.match(printed[0]?.stdout, `http://‹set, 19 characters›@127.0.0.1:${forUpstream.port}`);
  const output = [refused, bearerd.output, ...printed.flatMap(({ stdout, stderr }) => [stdout, stderr])].join('\n');
  t.notMatch(output, passwords);
});
