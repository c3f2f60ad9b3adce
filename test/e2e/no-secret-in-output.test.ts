import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type BearerdProcess, runBearerd, startBearerd } from '../support/bearerd-process.ts';
import { apiAnswers, startEchoingApi } from '../support/echoing-api.ts';
import { idpAnswers, signedJwt, startEchoingIdp } from '../support/echoing-idp.ts';
import { LeakSearch } from '../support/leak-search.ts';

// Issue 2, acceptance 10: canaries wherever a secret can be configured, every scenario, log level trace, and a search
// through everything that comes out. What an upstream sends in a 200 is data and goes to the caller alone.

const search = new LeakSearch();

/** A secret that occurs nowhere else, with the characters that encodings stumble over. */
function canary(name: string): string {
  const secret = `${name} % + : ü & = ${randomBytes(16).toString('hex')}`;
  search.plant(name, secret);
  return secret;
}

const secrets = {
  value: canary('secret by value'),
  file: canary('secret by file'),
  env: canary('secret by variable'),
  command: canary('secret by command'),
  failingCommand: canary('secret of a command that fails'),
  interpolated: canary('secret by interpolation'),
  post: canary('secret in the form'),
  collaborate: canary('collaborate secret'),
  basic: canary('collaborate secret sent as Basic'),
};
const localKey = `local-${randomBytes(16).toString('hex')}`;
search.plant('local key', localKey);
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
search.plant('private key', pem);
const staticToken = signedJwt({ sub: 'static' });
search.plant('static token', staticToken);
const opaqueToken = `opaque!${randomBytes(24).toString('hex')}`;
search.plant('static opaque token', opaqueToken);

/** Routes on which an API does everything that it can; one per preset and kind of token. */
const tried = ['value', 'env', 'collaborate-hs', 'static', 'static-opaque'];

/** What a client sends and nobody may write down either (wire facts 5.5). */
const fromClient = {
  authorization: `Bearer caller-${randomBytes(16).toString('hex')}`,
  cookie: `session=caller-${randomBytes(16).toString('hex')}`,
  query: `caller-${randomBytes(16).toString('hex')}`,
  body: `caller-${randomBytes(16).toString('hex')}`,
};
for (const [name, text] of Object.entries(fromClient))
  search.plant(`the caller's ${name}`, text.replace(/^.*[ =]/, ''));

const clientId = 'urn:sys 50%+1:ü';

const { idp, issued, misread } = await startEchoingIdp({ search, clientId, secrets: Object.values(secrets) });
t.teardown(idp.close);

const upstream = await startEchoingApi();
t.teardown(upstream.close);

/** Credentials by the name of their route; the token endpoint's first part says how it answers. */
function credentials(): Record<string, Record<string, unknown>> {
  const endpoint = (kind: string) => `${idp.url}/${kind}/token`;
  const client = { clientId, timeout: '2s' };
  const own = (tokenEndpoint: string) => ({ provider: 'collaborate', key: 'collab-key', tokenEndpoint, timeout: '2s' });
  const working = {
    value: { ...client, tokenEndpoint: endpoint('ok'), clientSecret: secrets.value },
    file: { ...client, tokenEndpoint: endpoint('ok-2'), clientSecret: { file: './secret' } },
    env: { ...client, tokenEndpoint: endpoint('ok-3'), clientSecret: { env: 'CANARY' } },
    // The command says it on stderr too, which goes to the log.
    command: {
      ...client,
      tokenEndpoint: endpoint('ok-4'),
      clientSecret: { command: ['sh', '-c', 'cat ./command-secret; cat ./command-secret >&2'] },
    },
    interpolated: { ...client, tokenEndpoint: endpoint('ok-5'), clientSecret: `$${'{CANARY_2}'}` },
    post: {
      ...client,
      tokenEndpoint: endpoint('ok-6'),
      clientSecret: secrets.post,
      clientAuthentication: 'client_secret_post',
    },
    'collaborate-hs': { ...own(endpoint('ok-7')), secret: secrets.collaborate },
    'collaborate-query': { ...own(endpoint('ok-8')), secret: secrets.basic, assertionIn: 'query', basic: true },
    'collaborate-rs': { ...own(endpoint('ok-9')), algorithm: 'RS256', privateKey: { file: './key.pem' } },
    static: { provider: 'static', token: staticToken },
    'static-opaque': { provider: 'static', token: { file: './token' } },
  };
  const failing = Object.keys(idpAnswers).flatMap((kind) => [
    [`${kind}-basic`, { ...client, tokenEndpoint: endpoint(kind), clientSecret: secrets.value }],
    [
      `${kind}-post`,
      {
        ...client,
        tokenEndpoint: endpoint(kind),
        clientSecret: secrets.post,
        clientAuthentication: 'client_secret_post',
      },
    ],
    [`${kind}-assertion`, { ...own(endpoint(kind)), secret: secrets.basic, assertionIn: 'query', basic: true }],
  ]);
  const broken = {
    'command-fails': {
      ...client,
      tokenEndpoint: endpoint('ok'),
      clientSecret: { command: ['sh', '-c', 'cat ./failing-secret; cat ./failing-secret >&2; exit 3'] },
    },
    'secret-vanishes': { ...client, tokenEndpoint: endpoint('ok'), clientSecret: { file: './vanishing' } },
  };
  return { ...working, ...Object.fromEntries(failing), ...broken };
}

const presets: Readonly<Record<string, string>> = {
  'collaborate-hs': 'collaborate',
  'collaborate-query': 'collaborate',
  file: 'none',
  env: 'none',
};

const env = { CANARY: secrets.env, CANARY_2: secrets.interpolated };

async function start(format: 'json' | 'pretty'): Promise<BearerdProcess> {
  return startBearerd({
    env,
    files: {
      secret: secrets.file,
      'command-secret': secrets.command,
      'failing-secret': secrets.failingCommand,
      vanishing: secrets.file,
      'key.pem': pem,
      token: `${opaqueToken}\n`,
      'local-key': `${localKey}\n`,
    },
    config: {
      log: { level: 'trace', format },
      tokens: { eager: false },
      guard: { localKey: { file: './local-key' } },
      audit: { stream: 'stdout' },
      routes: Object.keys(credentials()).map((name) => ({
        name,
        path: `/${name}`,
        upstream: `${upstream.url}/${format}/${name}`,
        preset: presets[name] ?? 'collibra',
        credential: name,
        timeouts: { connect: '1s', headers: '1s', idle: '1s' },
        replay: { maxBody: '1KiB' },
        headers: { set: { 'X-Client': 'bearerd' } },
      })),
      credentials: credentials(),
    },
  });
}

/** Sends one request and keeps the answer if bearerd made it. */
async function exchange(url: string, answers: string[], options: RequestInit = {}): Promise<number> {
  try {
    const response = await fetch(`${url}?q=${fromClient.query}`, {
      headers: { authorization: fromClient.authorization, cookie: fromClient.cookie, 'bearerd-key': localKey },
      redirect: 'manual',
      ...options,
    });
    const text = await response.text();
    const own = response.headers.get('proxy-status') !== null;
    if (own) answers.push(`${url} ${response.status} ${JSON.stringify([...response.headers])} ${text}`);
    return response.status;
  } catch {
    return 0;
  }
}

/** Listens to the events of the status page until the process ends; header fields are kept meanwhile. */
async function heard(url: string): Promise<string> {
  let text = '';
  const { body } = await fetch(url);
  try {
    for await (const chunk of body ?? []) text += Buffer.from(chunk).toString();
  } catch {
    // the listener ends before its answers do
  }
  return text;
}

t.jobs = 2;

for (const format of ['json', 'pretty'] as const) {
  t.test(`acceptance 10: no secret, token or assertion in any output, log level trace, ${format}`, async (t) => {
    const bearerd = await start(format);
    t.teardown(() => bearerd.stop());
    const answers: string[] = [];
    const events = heard(`${bearerd.adminUrl}/api/events`);
    const failing = Object.keys(idpAnswers).flatMap((kind) =>
      ['basic', 'post', 'assertion'].map((how) => `${kind}-${how}`),
    );
    const working = Object.keys(credentials()).filter(
      (name) => !failing.includes(name) && !['command-fails', 'secret-vanishes'].includes(name),
    );

    for (const name of working) {
      const status = await exchange(`${bearerd.url}/${name}/ok`, answers);
      t.equal(status, 200, `${name} gets a token`);
    }
    await Promise.all(
      tried.flatMap((name) =>
        Object.keys(apiAnswers).map((kind) => exchange(`${bearerd.url}/${name}/${kind}`, answers)),
      ),
    );
    for (const words of [
      ['config', 'print', '--why'],
      ['config', 'print', '--json'],
      ['check', '--json', '--online'],
      ['check', '--online'],
    ]) {
      const { stdout, stderr, code } = await runBearerd({ words, env, folder: bearerd.folder });
      t.equal(code, words[0] === 'check' ? 1 : 0, words.join(' '));
      t.ok(stdout.length > 1000, `${words.join(' ')}: ${stdout.length} characters`);
      answers.push(stdout, stderr);
    }
    const long = { method: 'POST', body: fromClient.body.repeat(1000) };
    await Promise.all(working.map((name) => exchange(`${bearerd.url}/${name}/expiredToken`, answers, long)));
    rmSync(join(bearerd.folder, 'vanishing'));
    const statuses = await Promise.all(
      [...failing, 'command-fails', 'secret-vanishes'].map((name) => exchange(`${bearerd.url}/${name}/ok`, answers)),
    );
    t.same([...new Set(statuses)].sort(), [502, 503], 'the failing token endpoints fail');
    t.ok(answers.length > failing.length + working.length, `${answers.length} answers of bearerd's own`);

    const looked = await fetch(`${bearerd.adminUrl}/api/requests`);
    const { requests } = (await looked.json()) as { requests: readonly { readonly requestId: string }[] };
    t.ok(requests.length > tried.length, `${requests.length} requests are remembered`);
    const details = requests.map(({ requestId }) => `/api/requests/${requestId}`);
    const shown = ['/livez', '/readyz', '/metrics', '/', '/api/status', '/api/requests', '/unknown', ...details];
    for (const path of shown) {
      const response = await fetch(bearerd.adminUrl + path);
      answers.push(`${path} ${JSON.stringify([...response.headers])} ${await response.text()}`);
    }
    await bearerd.stop();
    const told = await events;
    t.match(told, 'event: request', 'the status page is told');
    answers.push(told);

    t.match(bearerd.output, /"?event"?.*token_/, 'the log is there');
    t.match(bearerd.stdout, /"decision":"allowed"/, 'the audit log is there');
    t.same(misread, [], 'every secret arrived as it is configured');
    t.same(search.find(bearerd.output), [], 'nothing in the log');
    t.same(search.find(answers.join('\n')), [], 'nothing in the answers');
  });
}

t.test(
  'acceptance 10: the search is able to find: what the API and the identity provider saw is full of secrets',
  async (t) => {
    const api = upstream.seen.map(({ headers }) => headers.authorization).join('\n');
    t.ok(issued() > 10, `${issued()} tokens were issued`);
    t.ok(new Set(search.find(api).map(({ secret }) => secret)).has('token'));
    const asked = idp.seen.map(({ headers, body }) => `${headers.authorization} ${body}`).join('\n');
    const found = new Set(search.find(asked).map(({ secret }) => secret));
    for (const name of [
      'secret by value',
      'secret by file',
      'secret by variable',
      'secret by command',
      'secret by interpolation',
      'secret in the form',
      'assertion',
    ]) {
      t.ok(found.has(name), name);
    }
  },
);

t.test('acceptance 10: an error that nobody catches is printed without the secret, exit 1', async (t) => {
  for (const how of [
    "process.on('SIGUSR2', () => { throw ERROR })",
    "process.on('SIGUSR2', () => { Promise.reject(ERROR) })",
  ]) {
    const basic = Buffer.from(
      [clientId, secrets.value].map((text) => new URLSearchParams([['', text]]).toString().slice(1)).join(':'),
    ).toString('base64');
    const message = `boom ${secrets.value} ${basic} ${JSON.stringify({ key: pem })} ${pem}`;
    const bearerd = await startBearerd({
      env: {
        NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=data:text/javascript,${encodeURIComponent(how.replace('ERROR', `new Error(process.env.CRASH)`))}`,
        CRASH: message,
      },
      files: { 'key.pem': pem },
      config: {
        log: { level: 'trace', format: 'json' },
        routes: [
          { path: '/a', upstream: upstream.url, credential: 'a' },
          { path: '/b', upstream: upstream.url, credential: 'b' },
        ],
        credentials: {
          a: { clientId, tokenEndpoint: `${idp.url}/ok/token`, clientSecret: secrets.value },
          b: {
            provider: 'collaborate',
            key: 'k',
            tokenEndpoint: `${idp.url}/ok/token`,
            algorithm: 'RS256',
            privateKey: { file: './key.pem' },
          },
        },
      },
    });
    t.teardown(() => bearerd.stop('SIGKILL'));
    t.equal((await fetch(`${bearerd.url}/a/ok`)).status, 200);
    t.equal((await fetch(`${bearerd.url}/b/ok`)).status, 200);
    bearerd.send('SIGUSR2');
    t.same(await bearerd.ended(), { code: 1, signal: undefined });
    t.match(bearerd.stderr, 'boom', 'the error is told');
    t.same(search.find(bearerd.output), []);
  }
});
