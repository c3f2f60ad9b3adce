import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ConfigurationError } from '../../src/config/configuration-error.ts';
import { formatProblem } from '../../src/config/input.ts';
import { type Loaded, loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { presets } from '../../src/provider/presets.ts';
import { goodToken, obtain, startEndpoint, testContext } from './support.ts';

interface Folder {
  readonly testdir: (content: Record<string, never>) => string;
}

function load(t: Folder, credential: string, upstream = 'https://acme.example.com/base'): Loaded | ConfigurationError {
  const cwd = t.testdir({});
  writeFileSync(join(cwd, 'x.yaml'), `upstream: ${upstream}\ncredential: ${credential}`);
  try {
    return loadConfig({ file: 'x.yaml', env: {}, flags: {}, cwd, home: undefined, providers });
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
}

/** Everything that `check` says about the credential: `error key: problem`. */
function said(t: Folder, credential: string): string[] {
  const result = load(t, credential);
  const problems = result instanceof ConfigurationError ? result.problems : result.warnings;
  return problems.map(({ severity, path, problem }) => `${severity} ${path.replace('credential.', '')}: ${problem}`);
}

const secret = 'a secret with 32 bytes, or some more';
const basic = `Basic ${Buffer.from('my-app:a+secret+with+32+bytes%2C+or+some+more').toString('base64')}`;
const posted = 'client_id=my-app&client_secret=a+secret+with+32+bytes%2C+or+some+more';
const common = `clientId: my-app, clientSecret: "${secret}"`;

/** What is written besides preset, client and secret; where the request goes; and the request itself. */
const goldens: Readonly<Record<string, readonly (readonly [string, string, string | undefined, string])[]>> = {
  'collibra-oauth': [['', '/rest/oauth/v2/token', basic, 'grant_type=client_credentials']],
  entra: [
    [
      'tokenEndpoint: ORIGIN/tenant/oauth2/v2.0/token, scope: api://app/.default',
      '/tenant/oauth2/v2.0/token',
      undefined,
      `grant_type=client_credentials&${posted}&scope=api%3A%2F%2Fapp%2F.default`,
    ],
    [
      'tokenEndpoint: ORIGIN/tenant/oauth2/token, resource: "api://app"',
      '/tenant/oauth2/token',
      undefined,
      `grant_type=client_credentials&${posted}&resource=api%3A%2F%2Fapp`,
    ],
  ],
  okta: [
    [
      'issuer: ORIGIN/oauth2/default, scope: api',
      '/oauth2/default/token',
      basic,
      'grant_type=client_credentials&scope=api',
    ],
  ],
  auth0: [
    [
      'issuer: ORIGIN/, audience: "https://api.example.com"',
      '/token',
      undefined,
      `grant_type=client_credentials&${posted}&audience=https%3A%2F%2Fapi.example.com`,
    ],
  ],
  keycloak: [['issuer: ORIGIN/realms/acme', '/realms/acme/token', basic, 'grant_type=client_credentials']],
};

/** The recipes of docs/identity-providers.md that need no preset; those of `jwt-bearer` are in its own tests. */
const recipes: typeof goldens = {
  Cognito: [
    [
      'tokenEndpoint: ORIGIN/oauth2/token, scope: my-api/read',
      '/oauth2/token',
      basic,
      'grant_type=client_credentials&scope=my-api%2Fread',
    ],
  ],
  PingFederate: [
    [
      'tokenEndpoint: ORIGIN/as/token.oauth2, parameters: { access_token_manager_id: jwtATM }',
      '/as/token.oauth2',
      basic,
      'grant_type=client_credentials&access_token_manager_id=jwtATM',
    ],
  ],
};

t.same(Object.keys(goldens), Object.keys(presets), 'each preset has its golden request');
for (const [name, cases] of [...Object.entries(goldens), ...Object.entries(recipes)]) {
  for (const [written, target, authorization, body] of cases) {
    t.test(`golden request of ${name}: ${written || 'nothing else'}`, async (t) => {
      const endpoint = await startEndpoint(t, (response, request) => {
        const path = request.url ?? '';
        if (!path.includes('/.well-known/')) return goodToken(response);
        const at = path.replace(/\/\.well-known\/openid-configuration$/, '');
        if (at === path) return void response.writeHead(404).end();
        const issuer = written.includes('ORIGIN/,') ? `${endpoint.origin}/` : endpoint.origin + at;
        response.end(JSON.stringify({ issuer, token_endpoint: `${endpoint.origin}${at}/token` }));
      });
      const keys = [
        common,
        written.replace('ORIGIN', endpoint.origin),
        ...(name in goldens ? [`preset: ${name}`] : []),
      ];
      const loaded = load(t, `{ ${keys.filter((key) => key !== '').join(', ')} }`, `${endpoint.origin}/base`);
      if (loaded instanceof ConfigurationError) throw loaded;
      t.same(loaded.warnings.map(formatProblem), []);
      const upstreams = loaded.config.routes.map(({ upstream }) => upstream);
      const provider = loaded.config.credentials[0]?.create({ ...testContext(), upstreams });
      if (provider === undefined) throw new Error('there is no credential');
      await obtain(provider);
      const last = endpoint.last();
      t.equal(last.target, target);
      t.equal(last.headers.authorization, authorization);
      t.equal(last.body, body);
    });
  }
}

const entra2 = 'preset: entra, issuer: https://login.microsoftonline.com/1234/v2.0';
const entra1 = 'preset: entra, tokenEndpoint: https://login.microsoftonline.com/1234/oauth2/token';
const auth0 = 'preset: auth0, issuer: https://acme.auth0.com/';
/** The classic mistakes (issue 6; wire facts 4), and that nothing else is said. */
const mistakes: readonly (readonly [string, readonly string[]])[] = [
  ['preset: collibra-oauth, scope: kg.view-all', ['warning scope: is answered with invalid_scope']],
  [
    `${entra2}, scope: api://app/read`,
    ["error scope: 'api://app/read' does not end in /.default, as an application's has to"],
  ],
  [`${entra2}`, ['error scope: is missing']],
  [`${entra2}, scope: [api://a/.default, api://b/.default]`, ['error scope: has 2 values, and Entra takes one']],
  [`${entra2}, scope: api://a/.default, resource: https://x`, ['error resource: is of v1 of Entra']],
  [`${entra1}`, ['error resource: is missing, and v1 of Entra wants it']],
  [`${entra1}, resource: api://a, scope: x`, ['warning scope: means nothing to v1 of Entra']],
  [
    'preset: entra, issuer: https://login.microsoftonline.com/common/v2.0, scope: api://a/.default',
    ["error issuer: is for 'common', where an application has no tokens of its own"],
  ],
  ['preset: okta, issuer: https://acme.okta.com/oauth2/default', ['warning scope: is missing, and Okta wants one']],
  [
    'preset: okta, issuer: https://acme.okta.com, scope: a',
    ['warning issuer: is the organisation itself, whose tokens are for Okta only'],
  ],
  [auth0, ['warning audience: is missing, and only a tenant with a default audience does without']],
  ['preset: auth0, issuer: https://acme.auth0.com, audience: x', ['error issuer: has no / at its end']],
  ['preset: keycloak, issuer: https://kc.example.com', ['warning issuer: names no realm']],
  [`${auth0}, audience: x, scope: ["a,b"]`, ["warning scope: 'a,b' has a comma, and scopes are apart by spaces"]],
  ['preset: keyclock, issuer: https://x/realms/a', ["error preset: there is no preset 'keyclock' for credentials"]],
  ['preset: entra, provider: static, token: x', ["error preset: 'entra' is for provider client-credentials"]],
];
for (const [written, expected] of mistakes) {
  t.test(`check: ${written}`, async (t) => {
    const client = written.includes('static') ? '' : `, ${common}`;
    t.same(said(t, `{ ${written}${client} }`), expected);
  });
}

t.test('a key that is written wins over the preset', async (t) => {
  const endpoint = await startEndpoint(t);
  const loaded = load(t, `{ preset: collibra-oauth, ${common}, tokenEndpoint: ${endpoint.url} }`);
  if (loaded instanceof ConfigurationError) throw loaded;
  const provider = loaded.config.credentials[0]?.create(testContext());
  if (provider === undefined) throw new Error('there is no credential');
  await obtain(provider);
  t.equal(endpoint.last().target, '/token');
});

t.test('issue 6: a preset has at most eight lines', async (t) => {
  const source = readFileSync('src/provider/presets.ts', 'utf8');
  const entries = source
    .slice(source.indexOf('= {\n'), source.indexOf('\n};\n'))
    .split(/\n {2}(?=\S+: \{\n)/)
    .slice(1);
  t.equal(entries.length, Object.keys(presets).length);
  for (const entry of entries) {
    const lines = entry.split('\n').slice(1, -1);
    t.ok(lines.length <= 8, `${entry.split('\n')[0]} has ${lines.length} lines`);
  }
});

t.test('interface 3: maxTokenRequests', async (t) => {
  const quota = (text: string) => {
    const loaded = load(t, `{ ${auth0}, audience: x, ${common}, maxTokenRequests: ${text} }`);
    return loaded instanceof ConfigurationError ? loaded.message : loaded.config.credentials[0]?.maxTokenRequests;
  };
  t.same(quota('3/1m'), { requests: 3, perMs: 60_000 });
  t.same(quota('60/h'), { requests: 60, perMs: 3_600_000 });
  t.same(quota('1/500ms'), { requests: 1, perMs: 500 });
  for (const text of ['0/1m', '3', '3/0s', '3/x', '-1/1m', '3/1d']) {
    t.match(quota(text), 'is not a number of requests in a span of time', text);
  }
});
