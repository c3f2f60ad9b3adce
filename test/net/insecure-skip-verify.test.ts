import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { runBearerd, startBearerd } from '../support/bearerd-process.ts';
import { loopback, otherHost } from '../support/certificates.ts';
import { startProxy } from '../support/proxy.ts';

/** A server of one JSON answer whose certificate nobody knows. */
async function startServer(pair: typeof loopback, body: object): Promise<{ readonly url: string; asked: number }> {
  const server: Server = createServer(pair, (_request, response) => {
    started.asked += 1;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has such an address.
  const started = { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: 0 };
  return started;
}

const token = { access_token: 'a-token-for-nobody', expires_in: 300 };
// one with an unknown issuer, one for another name: both are taken
const upstream = await startServer(otherHost, { answer: 1 });
const idp = await startServer(loopback, token);

function config(skip: { readonly route: boolean; readonly credential: boolean }): object {
  return {
    log: { format: 'json' },
    routes: [
      { name: 'api', upstream: upstream.url, credential: 'idp', tls: { insecureSkipVerify: skip.route } },
      { name: 'safe', path: '/safe', upstream: upstream.url, credential: 'idp' },
    ],
    credentials: {
      idp: {
        tokenEndpoint: `${idp.url}/token`,
        clientId: 'me',
        clientSecret: 'a-secret-of-mine',
        tls: { insecureSkipVerify: skip.credential },
      },
    },
  };
}

t.test('insecureSkipVerify: no certificate is asked about, and log, metric, status and check say so', async (t) => {
  const bearerd = await startBearerd({ config: config({ route: true, credential: true }) });
  t.teardown(() => bearerd.stop());
  t.same(await (await fetch(bearerd.url)).json(), { answer: 1 });
  const other = await fetch(`${bearerd.url}/safe`);
  t.match(await other.json(), { code: 'BEARERD_UPSTREAM_CERTIFICATE' }, 'a route of its own is not affected');
  t.equal(upstream.asked, 1);

  const warnings = () => bearerd.records().filter(({ event }) => event === 'insecure_skip_verify');
  await bearerd.until(() => warnings().length > 0, 'the warnings, which leave in a batch');
  t.match(warnings(), [
    { level: 'warn', route: 'api' },
    { level: 'warn', credential: 'idp' },
  ]);
  t.match(
    bearerd.stderr,
    /bearerd: warning: \S+: routes\[0\]\.tls\.insecureSkipVerify: no certificate of 127\.0\.0\.1/,
  );
  t.match(bearerd.stderr, /bearerd: warning: \S+: credentials\.idp\.tls\.insecureSkipVerify: no certificate/);

  const metrics = await (await fetch(`${bearerd.adminUrl}/metrics`)).text();
  t.match(metrics, 'bearerd_insecure_skip_verify{kind="route",name="api"} 1');
  t.match(metrics, 'bearerd_insecure_skip_verify{kind="route",name="safe"} 0');
  t.match(metrics, 'bearerd_insecure_skip_verify{kind="credential",name="idp"} 1');
  t.match(await (await fetch(`${bearerd.adminUrl}/api/status`)).json(), {
    routes: [{ insecureSkipVerify: true }, { insecureSkipVerify: false }],
    credentials: [{ insecureSkipVerify: true }],
  });

  bearerd.send('SIGHUP');
  await bearerd.until(() => warnings().length === 4, 'the warnings of the reload');
  const { stdout, code } = await runBearerd({ words: ['check'], folder: bearerd.folder });
  t.equal(code, 0);
  t.match(stdout, /^warning: .*insecureSkipVerify/m);
});

t.test('without it nothing is sent to a server whose certificate is not trusted', async (t) => {
  const before = idp.asked;
  const bearerd = await startBearerd({ config: config({ route: true, credential: false }) });
  t.teardown(() => bearerd.stop());
  const answer = await fetch(bearerd.url);
  t.equal(answer.status, 503);
  t.match(await answer.json(), { code: 'BEARERD_TOKEN_UNAVAILABLE', detail: /certificate that is not trusted/ });
  t.equal(idp.asked, before);
  t.match(await (await fetch(`${bearerd.adminUrl}/metrics`)).text(), '{kind="credential",name="idp"} 0');
});

t.test('a provider of its own connections: the certificate of the token endpoint, in this process', async (t) => {
  const { config: loaded, warnings } = loadConfig({
    object: { ...config({ route: true, credential: true }), admin: 'off', listen: '127.0.0.1:0' },
    env: {},
    flags: {},
    cwd: '/',
    home: undefined,
    providers,
  });
  t.match(
    warnings.map(({ path }) => path),
    ['routes[0].tls.insecureSkipVerify', 'credentials.idp.tls.insecureSkipVerify'],
  );
  const proxy = await startProxy('', { config: { ...loaded, log: { level: 'trace', format: 'json', access: true } } });
  t.teardown(proxy.stop);
  t.same(await (await fetch(proxy.url)).json(), { answer: 1 });
  await proxy.stop();
  t.equal(proxy.output.records().filter(({ event }) => event === 'insecure_skip_verify').length, 2);
});
