import { randomBytes } from 'node:crypto';
import t from 'tap';
import { launchBearerd, runBearerd } from '../support/bearerd-process.ts';
import { LeakSearch } from '../support/leak-search.ts';

// Issue 2, acceptance 10: a mistake in the configuration is explained without the secret that stands in the wrong place.
// Only where a secret may be meant: what is written in place of a duration or a choice is shown.

const search = new LeakSearch();

function canary(name: string): string {
  const secret = `${name.replaceAll(/\W/g, '-')}-${randomBytes(12).toString('hex')}`;
  search.plant(name, secret);
  return secret;
}

const endpoint = 'https://idp.example.com/token';
const client = { tokenEndpoint: endpoint, clientId: 'id' };

/** Credentials with one mistake each. */
const credentials = {
  list: { ...client, clientSecret: [canary('a list of one')] },
  nested: { ...client, clientSecret: { value: canary('a key that does not exist') } },
  typo: { ...client, clientSecrte: canary('a typo in the key') },
  commandText: { ...client, clientSecret: { command: canary('a command that is no list') } },
  twoSources: { ...client, clientSecret: { file: './x', env: canary('two sources') } },
  inUrl: { clientId: 'id', tokenEndpoint: `https://user:${canary('user part of a URL')}@idp.example.com/token` },
  inFragment: { clientId: 'id', tokenEndpoint: `${endpoint}#${canary('fragment of a URL')}` },
  foreign: { ...client, clientSecret: 'x', secret: canary('the key of another provider') },
  ca: {
    ...client,
    clientSecret: 'x',
    tls: { ca: `-----BEGIN PRIVATE KEY-----\n${canary('a key in place of a certificate')}\n` },
  },
  headerValue: { ...client, clientSecret: 'x', headers: { Authorization: `Bearer ${canary('in a field value')}\n` } },
  parameter: { ...client, clientSecret: 'x', parameters: { client_secret: canary('in the parameters') } },
  pemAsSecret: {
    provider: 'collaborate',
    key: 'k',
    secret: `-----BEGIN PRIVATE KEY-----\n${canary('PEM as secret')}\n`,
  },
  secretAsPem: { provider: 'collaborate', key: 'k', algorithm: 'RS256', privateKey: canary('secret as PEM') },
  whole: canary('in place of a credential'),
};
const names = Object.keys(credentials);
const mistakes = {
  clientSecret: canary('at the top level'),
  routes: [
    ...names.map((name) => ({ name, path: `/${name}`, upstream: 'https://api.example.com', credential: name })),
    {
      name: 'inline',
      path: '/inline',
      upstream: `https://x:${canary('in the upstream')}@api.example.com`,
      credential: 'list',
    },
    {
      name: 'query',
      path: '/query',
      upstream: `https://api.example.com?key=${canary('query of the upstream')}`,
      credential: 'list',
    },
  ],
  credentials,
};

/** Files that are no YAML, or no configuration. */
const broken: Readonly<Record<string, string>> = {
  'an open quote': `upstream: https://api.example.com\ncredential: { clientSecret: "${canary('behind an open quote')}`,
  'a tab': `credential:\n\tclientSecret: ${canary('behind a tab')}\n`,
  'a colon in a plain text': `credential:\n  clientSecret: a: ${canary('with a colon')}\n`,
  'an alias': `credential:\n  clientSecret: *${canary('as an alias')}\n`,
  'a dollar and a brace': `credential:\n  clientSecret: x\${${canary('behind a dollar and a brace')}\n`,
  'a tag': `credential:\n  clientSecret: !${canary('as a tag')} x\n`,
  'a special character': `credential:\n  clientSecret: @${canary('behind an at sign')}\n`,
  'two keys of one name': `credential:\n  clientSecret: ${canary('first of two')}\n  clientSecret: ${canary('second of two')}\n`,
  'only the secret': `${canary('alone in the file')}\n`,
  'a missing variable': `credential:\n  clientSecret: ${canary('before a variable')}\${NOT_SET}\n`,
  'broken JSON': `{"credential": {"clientSecret": "${canary('in JSON')}" "clientId": 1}}`,
};

t.jobs = 2;

t.test(`acceptance 10: ${names.length + 3} secrets in wrong places, check and run`, async (t) => {
  const check = await runBearerd({ words: ['check'], files: { 'bearerd.yaml': mistakes } });
  t.equal(check.code, 2);
  for (const name of names)
    t.match(check.stdout, new RegExp(`credentials\\.${name}\\b|: ${name}`), `${name} is a mistake`);
  t.same(search.find(check.stdout + check.stderr), []);
  const json = await runBearerd({ words: ['check', '--json'], files: { 'bearerd.yaml': mistakes } });
  t.same(search.find(json.stdout + json.stderr), []);
  const run = launchBearerd({ config: mistakes, flags: ['--log-level', 'trace'] });
  t.equal((await run.ended()).code, 2);
  t.same(search.find(run.output), []);
});

for (const [name, text] of Object.entries(broken)) {
  t.test(`acceptance 10: a file with ${name}`, async (t) => {
    const { code, stdout, stderr } = await runBearerd({ words: ['check'], files: { 'bearerd.yaml': text } });
    t.equal(code, 2);
    t.match(stdout, /^bearerd\.yaml:\d+:\d+: /);
    t.same(search.find(stdout + stderr), []);
  });
}

t.test('acceptance 10: secrets in variables, the wrong ones too', async (t) => {
  const { code, stdout, stderr } = await runBearerd({
    words: ['check'],
    env: {
      BEARERD_UPSTREAM: `https://me:${canary('in a variable for a URL')}@api.example.com`,
      BEARERD_TIMEOUTS_CONNECT: 'soon',
      BEARERD_CLIENT_SECRET: canary('in the right variable'),
      BEARERD_CLIENT_SECRTE: canary('in a variable with a typo'),
    },
  });
  t.equal(code, 2);
  t.same(search.find(stdout + stderr), []);
});

t.test(
  'acceptance 10: the search is able to find: a secret that is asked for as the name of a file is found',
  async (t) => {
    const secret = canary('as the name of a file');
    const { stdout } = await runBearerd({
      words: ['check'],
      files: {
        'bearerd.yaml': {
          upstream: 'https://x.example.com',
          credential: { ...client, clientSecret: { file: secret } },
        },
      },
    });
    t.not(search.find(stdout).length, 0, 'a path that cannot be read has to be named');
  },
);
