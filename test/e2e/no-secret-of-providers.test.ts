import { generateKeyPairSync, randomBytes } from 'node:crypto';
import t from 'tap';
import { type BearerdProcess, runBearerd, startBearerd } from '../support/bearerd-process.ts';
import { startConnectProxy } from '../support/connect-proxy.ts';
import { startEchoingApi } from '../support/echoing-api.ts';
import { signedJwt, startEchoingIdp } from '../support/echoing-idp.ts';
import { LeakSearch } from '../support/leak-search.ts';
import { tlsFile, tlsText } from '../support/test-certificates.ts';

// Issue 7, acceptance 3, for the places that no-secret-in-output.test.ts leaves out: the other providers, client
// certificates, egress proxies, token caches. The search is shown to find something there.

const search = new LeakSearch();

function plant(name: string, secret: string): string {
  search.plant(name, secret);
  return secret;
}

const canary = (name: string): string => plant(name, `${name} % + : ü & = ${randomBytes(16).toString('hex')}`);
/** For places where only the characters of a token or a URL can stand. */
const plain = (name: string): string => plant(name, `${name.replaceAll(' ', '-')}-${randomBytes(16).toString('hex')}`);

const key = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = (name: string) => plant(name, key().export({ type: 'pkcs8', format: 'pem' }).toString());
const secrets = {
  assertion: canary('secret of an assertion'),
  exchange: canary('secret of an exchange'),
  refresh: canary('secret of a refresh'),
  jwt: canary('secret of a client assertion'),
};
const subject = plant('subject token of the caller', signedJwt({ sub: 'caller' }));
const files = {
  'assertion.pem': pem('key of an assertion'),
  'client-key.pem': pem('key of a client assertion'),
  'key.jwk': JSON.stringify(key().export({ format: 'jwk' })),
  'broken.key': plain('key that is none'),
  subject: plant('subject token in a file', signedJwt({ sub: 'file' })),
  refresh: plain('refresh token'),
  token: plain('token in a file'),
  'token.json': JSON.stringify({ access_token: plain('token in JSON'), expires_in: 300 }),
  printed: plain('printed token'),
  'printed.json': JSON.stringify({ access_token: plain('printed JSON token'), expires_in: 300 }),
  failing: plain('token of a command that fails'),
  'cache-key': randomBytes(32).toString('base64'),
};
search.plant('d of a JWK', (JSON.parse(files['key.jwk']) as { readonly d: string }).d);
search.plant('key of the token cache', files['cache-key']);
search.plant('key of the client certificate', tlsText('client.key'));
const passwords = {
  route: plain('proxy-password-of-a-route'),
  credential: plain('proxy-password-of-a-credential'),
  variable: plain('proxy-password-in-a-variable'),
  redis: plain('password-of-redis'),
};

const clientId = 'me';
const { idp, issued, misread } = await startEchoingIdp({ search, clientId, secrets: Object.values(secrets) });
const upstream = await startEchoingApi();
const proxy = await startConnectProxy({ bytes: 'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\n\r\n' });
t.teardown(() => Promise.all([idp.close(), upstream.close(), proxy.close()]));
const withPassword = (password: string) => proxy.url.replace('://', `://me:${password}@`);

const sh = (script: string) => ['sh', '-c', script];
const tls = { ca: [tlsFile('ca.pem')], cert: tlsFile('client.pem'), key: { file: tlsFile('client.key') } };

/** Credentials that get a token of an endpoint, by name. */
function clients(endpoint: string): Record<string, Record<string, unknown>> {
  const client = { tokenEndpoint: endpoint, clientId, timeout: '2s' };
  const jwt = { provider: 'jwt-bearer', tokenEndpoint: endpoint, issuer: 'me', audience: 'you', timeout: '2s' };
  return {
    'jwt-secret': { ...jwt, algorithm: 'HS256', secret: secrets.assertion },
    'jwt-key': { ...jwt, privateKey: { file: './assertion.pem' } },
    'jwt-jwk': { ...jwt, privateKey: { file: './key.jwk' } },
    'exchange-file': {
      ...client,
      provider: 'token-exchange',
      clientSecret: secrets.exchange,
      subjectToken: { file: './subject' },
    },
    'exchange-caller': {
      ...client,
      provider: 'token-exchange',
      clientSecret: secrets.exchange,
      subjectToken: { header: 'X-Subject' },
    },
    refresh: {
      ...client,
      provider: 'refresh-token',
      clientSecret: secrets.refresh,
      refreshToken: { file: './refresh' },
    },
    'client-secret-jwt': { ...client, clientAuthentication: 'client_secret_jwt', clientSecret: secrets.jwt },
    'private-key-jwt': {
      ...client,
      clientAuthentication: 'private_key_jwt',
      privateKey: { file: './client-key.pem' },
    },
    'client-certificate': { ...client, clientAuthentication: 'tls_client_auth', tls },
  };
}

const names = Object.keys(clients(''));
/** The answers that show most of what they were sent; no-secret-in-output.test.ts has them all. */
const echoing = ['refused', 'code', 'encoded', 'html', 'redirect', 'bad-type', 'garbage'];
const working: Readonly<Record<string, Record<string, unknown>>> = {
  ...clients(`${idp.url}/ok/token`),
  file: { provider: 'file', path: './token' },
  'file-json': { provider: 'file', path: './token.json', format: 'json' },
  command: { provider: 'command', command: sh('cat ./printed; cat ./printed >&2') },
  'command-json': { provider: 'command', command: sh('cat ./printed.json; cat ./printed.json >&2') },
};
const failing: Readonly<Record<string, Record<string, unknown>>> = {
  ...Object.fromEntries(
    echoing.flatMap((kind) =>
      Object.entries(clients(`${idp.url}/${kind}/token`)).map(([name, one]) => [`${kind}-${name}`, one]),
    ),
  ),
  'command-fails': { provider: 'command', command: sh('cat ./failing; cat ./failing >&2; exit 3') },
  'broken-key': {
    ...clients(`${idp.url}/ok/token`)['client-certificate'],
    tls: { ...tls, key: { file: './broken.key' } },
  },
  'behind-a-proxy': {
    tokenEndpoint: 'https://idp.example.com/token',
    clientId,
    clientSecret: secrets.exchange,
    egressProxy: withPassword(passwords.credential),
  },
  'behind-the-usual-proxy': {
    tokenEndpoint: 'https://idp.example.com/token',
    clientId,
    clientSecret: secrets.exchange,
  },
};
const credentials = { ...working, ...failing };
const env = { HTTPS_PROXY: withPassword(passwords.variable) };
const caches = {
  file: { file: './tokens', key: { file: './cache-key' } },
  redis: { redis: `redis://me:${passwords.redis}@127.0.0.1:${proxy.port}`, key: { file: './cache-key' } },
};

function start(cache: object): Promise<BearerdProcess> {
  const proxied = { upstream: 'https://api.example.com', egressProxy: withPassword(passwords.route) };
  return startBearerd({
    env,
    files,
    config: {
      log: { level: 'trace', format: 'json' },
      tokens: { eager: false, cache },
      routes: [
        ...Object.keys(credentials).map((name) => ({
          name,
          path: `/${name}`,
          upstream: `${upstream.url}/${name}`,
          credential: name,
          tls,
        })),
        { name: 'proxied', path: '/proxied', credential: 'file', ...proxied },
        {
          name: 'no-key',
          path: '/no-key',
          upstream: upstream.url,
          credential: 'file',
          tls: failing['broken-key']?.['tls'],
        },
      ],
      credentials,
    },
  });
}

for (const [kind, cache] of Object.entries(caches)) {
  t.test(`acceptance 3: no secret of any provider, proxy or ${kind} cache in any output`, async (t) => {
    const bearerd = await start(cache);
    t.teardown(() => bearerd.stop('SIGKILL'));
    const answers: string[] = [];
    const call = async (path: string): Promise<number> => {
      const answer = await fetch(bearerd.url + path, { headers: { 'X-Subject': subject } });
      const text = await answer.text();
      if (answer.headers.has('proxy-status')) answers.push(JSON.stringify([...answer.headers]), text);
      return answer.status;
    };
    for (const name of Object.keys(working)) t.equal(await call(`/${name}/ok`), 200, `${name} gets a token`);
    const refused = Object.keys(working).flatMap((name) =>
      ['expiredToken', 'invalid_token', 'html'].map((api) => `/${name}/${api}`),
    );
    await Promise.all(refused.map(call));
    const statuses = await Promise.all(
      [...Object.keys(failing), 'proxied', 'no-key'].map((name) => call(`/${name}/ok`)),
    );
    t.same([...new Set(statuses)].sort(), [500, 502, 503], 'what fails is told');
    t.ok(answers.length > names.length * echoing.length, `${answers.length} answers of bearerd's own`);
    for (const path of ['/', '/readyz', '/metrics', '/api/status', '/api/requests', '/unknown']) {
      answers.push(await (await fetch(bearerd.adminUrl + path)).text());
    }
    for (const words of [['config', 'print', '--why'], ['config', 'print', '--json'], ['check']]) {
      const { stdout, stderr } = await runBearerd({ words, env, folder: bearerd.folder });
      t.ok(stdout.length > 1000, words.join(' '));
      answers.push(stdout, stderr);
    }
    await bearerd.stop();
    t.same(misread, [], 'every secret arrived as it is configured');
    t.ok(issued() > 5, `${issued()} tokens were issued`);
    t.same(search.find(bearerd.output), [], 'nothing in the log');
    t.same(search.find(answers.join('\n')), [], 'nothing in the answers');
  });
}

t.test('acceptance 3: the search is able to find', async (t) => {
  const seen = [...idp.seen, ...upstream.seen].map(({ headers, body }) => `${headers.authorization} ${body}`);
  const found = new Set(search.find([...seen, ...proxy.heads].join('\n')).map(({ secret }) => secret));
  for (const name of [
    'secret of an exchange',
    'refresh token',
    'subject token in a file',
    'subject token of the caller',
  ]) {
    t.ok(found.has(name), name);
  }
  for (const name of ['assertion', 'client_assertion', 'printed token', 'token in JSON']) t.ok(found.has(name), name);
  for (const name of ['route', 'credential', 'variable']) {
    t.ok(
      [...found].some((one) => one.startsWith('proxy-password') && one.includes(name)),
      `the proxy saw that of the ${name}`,
    );
  }
});
