import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { systemClock } from '../../src/clock.ts';
import type { Config } from '../../src/config/config.ts';
import { ConfigurationError } from '../../src/config/configuration-error.ts';
import { formatProblem } from '../../src/config/input.ts';
import { loadConfig, type Sources } from '../../src/config/load.ts';
import { object } from '../../src/config/option/group.ts';
import { string } from '../../src/config/option/text.ts';
import type { ProviderDefinition } from '../../src/config/provider-definition.ts';
import { providers } from '../../src/provider/index.ts';
import { certificate as loopbackCertificate } from '../provider/loopback-certificate.ts';

const idp = 'credential: { tokenEndpoint: https://idp.example.com/token, clientId: app, clientSecret: s3cret-value }';
const minimal = `upstream: https://acme.example.com\n${idp}`;
const fromFlags = {
  upstream: 'https://acme.example.com',
  'token-endpoint': 'https://idp.example.com/token',
  'client-id': 'app',
};

type Given = Partial<Sources> & { readonly files?: Readonly<Record<string, string>> };

function load(t: Test, { files = {}, ...sources }: Given) {
  const cwd = t.testdir({});
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  return loadConfig({ env: {}, flags: {}, home: join(cwd, 'home'), providers, ...sources, cwd });
}

function said(t: Test, given: Given): string[] {
  try {
    load(t, given);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n');
    throw error;
  }
  return [];
}

function firstRoute({ routes }: Config) {
  const [route] = routes;
  if (route === undefined) throw new Error('no route');
  return route;
}

t.test('the short form with every default', async (t) => {
  const { config, warnings, file } = load(t, { files: { 'bearerd.yaml': minimal } });
  t.same(warnings, []);
  t.equal(file, 'bearerd.yaml');
  const { credentials, ...rest } = config;
  t.same(rest, {
    listen: [{ kind: 'tcp', host: '127.0.0.1', port: 8080 }],
    admin: { kind: 'tcp', host: '127.0.0.1', port: 8081 },
    adminChosen: false,
    log: { level: 'info', format: 'auto', access: true },
    drainTimeout: 10_000,
    limits: {
      headersTimeout: 10_000,
      headersSize: 16_384,
      headersCount: 200,
      connections: 10_000,
      upstreamConnections: 256,
      queue: 1000,
    },
    guard: {
      allowedHosts: ['localhost', '127.0.0.1', '[::1]'],
      allowedOrigins: [],
      localKey: undefined,
      localKeyHeader: 'Bearerd-Key',
    },
    audit: { file: undefined, stream: undefined },
    tokens: { eager: true, cache: { kind: 'memory' } },
    routes: [
      {
        name: 'default',
        path: '/',
        upstream: 'https://acme.example.com',
        preset: 'none',
        credential: 'default',
        authorization: 'replace',
        allow: undefined,
        readOnly: false,
        on401: 'explain',
        challenge: [],
        replay: { maxBody: 1_048_576 },
        timeouts: { connect: 10_000, headers: 300_000, idle: 300_000 },
        tls: {
          ca: undefined,
          cert: undefined,
          key: undefined,
          serverName: undefined,
          minVersion: undefined,
          insecureSkipVerify: false,
        },
        insecureHttp: false,
        probe: undefined,
        headers: { set: {}, remove: [] },
        listen: undefined,
        websocket: true,
        http2: false,
        cookies: 'rewrite',
      },
    ],
  });
  t.match(credentials, [{ name: 'default', kind: 'client-credentials', fingerprint: /^[\da-f]{64}$/ }]);
});

t.test('flag over environment over file over default', async (t) => {
  const files = { 'bearerd.yaml': `${minimal}\nlog: { level: warn }` };
  const env = { BEARERD_LOG_LEVEL: 'error' };
  const flags = { 'log-level': 'debug' };
  t.equal(load(t, { files, env, flags }).config.log.level, 'debug');
  t.equal(load(t, { files, env }).config.log.level, 'error');
  t.equal(load(t, { files }).config.log.level, 'warn');
  t.equal(load(t, { files: { 'bearerd.yaml': minimal } }).config.log.level, 'info');
  t.equal(load(t, { files, env: { BEARERD_LOG_LEVEL: '' } }).config.log.level, 'warn', 'an empty variable is not set');
});

t.test('the file: --config, BEARERD_CONFIG, ./bearerd.yaml, XDG_CONFIG_HOME, ~/.config', async (t) => {
  const at = (port: number) => `listen: ${port}\n${minimal}`;
  const files = {
    'flag.yaml': at(1001),
    'env.yaml': at(1002),
    'bearerd.yaml': at(1003),
    'xdg/bearerd/config.yaml': at(1004),
    'home/.config/bearerd/config.yaml': at(1005),
  };
  const env = { BEARERD_CONFIG: 'env.yaml' };
  const port = (given: Given) => load(t, given).config.listen[0];
  const tcp = (number: number) => ({ kind: 'tcp', host: '127.0.0.1', port: number });
  t.same(port({ files, env, file: 'flag.yaml' }), tcp(1001));
  t.same(port({ files, env }), tcp(1002));
  t.same(port({ files }), tcp(1003));
  const { 'bearerd.yaml': _, ...others } = files;
  const cwd = t.testdir({});
  t.same(port({ files: others, env: { XDG_CONFIG_HOME: join(cwd, 'xdg') } }), tcp(1004));
  t.same(port({ files: others }), tcp(1005));
});

t.test('a file that was asked for has to be there', async (t) => {
  const why = 'the configuration file no.yaml does not exist; name a file that can be read';
  t.same(said(t, { file: 'no.yaml' }), [`--config: ${why}`]);
  t.same(said(t, { env: { BEARERD_CONFIG: 'no.yaml' } }), [`BEARERD_CONFIG: ${why}`]);
});

t.test('without anything, the cure names flag, variable and file', async (t) => {
  const endpoint = 'use --token-endpoint https://idp.example.com/oauth2/token, or BEARERD_TOKEN_ENDPOINT';
  t.same(said(t, {}), [
    'configuration: upstream: is missing; use --upstream https://acme.collibra.com, or BEARERD_UPSTREAM, or a configuration file',
    `configuration: credential.tokenEndpoint: is missing; ${endpoint}, or a configuration file`,
    'configuration: credential.clientId: is missing; use --client-id my-app, or BEARERD_CLIENT_ID, or a configuration file',
  ]);
});

t.test('everything from the environment', async (t) => {
  const { config, warnings } = load(t, {
    env: {
      BEARERD_UPSTREAM: 'https://acme.collibra.com',
      BEARERD_PRESET: 'collibra',
      BEARERD_TIMEOUTS_CONNECT: '3',
      BEARERD_REPLAY_MAX_BODY: '64KiB',
      BEARERD_HEADERS_SET: 'X-A=1, X-B=2',
      BEARERD_GUARD_ALLOWED_HOSTS: 'localhost, proxy',
      BEARERD_TOKENS_EAGER: 'false',
      BEARERD_LISTEN: '127.0.0.1:9000,[::1]:9000',
      BEARERD_ADMIN: 'off',
      BEARERD_TOKEN_ENDPOINT: 'http://idp.example.com/token',
      BEARERD_CLIENT_ID: 'app',
      BEARERD_CLIENT_SECRET: 's3cret-value',
      BEARERD_CREDENTIAL_INSECURE_HTTP: 'true',
      BEARERD_SCOPE: 'a b',
      // Kubernetes makes these for a service called bearerd, and exec makes BEARERD_URL.
      BEARERD_PORT: 'tcp://10.0.0.1:80',
      BEARERD_PORT_80_TCP_ADDR: '10.0.0.1',
      BEARERD_SERVICE_HOST: '10.0.0.1',
      BEARERD_URL: 'http://127.0.0.1:1',
    },
  });
  t.same(warnings, []);
  t.match(config, {
    listen: [{ port: 9000 }, { host: '::1', port: 9000 }],
    admin: 'off',
    adminChosen: true,
    tokens: { eager: false },
    guard: { allowedHosts: ['localhost', 'proxy'] },
  });
  t.match(firstRoute(config), {
    name: 'collibra',
    insecureHttp: false,
    timeouts: { connect: 3000, headers: 0, idle: 0 },
    replay: { maxBody: 65_536 },
    headers: { set: { 'X-A': '1', 'X-B': '2' } },
  });
});

t.test('problems of variables and flags name them instead of a line', async (t) => {
  const env = { BEARERD_CLIENT_SECRET: 's3cret-value', BEARERD_TIMEOUTS_CONNECT: 'soon' };
  const flags = { ...fromFlags, cookies: 'eat', 'client-secret': 'hunter22', upstreem: 'x' };
  t.same(said(t, { env, flags }), [
    '--client-secret: clientSecret: secrets are not taken from the command line, where every process can read them; use --client-secret-file PATH, BEARERD_CLIENT_SECRET or BEARERD_CLIENT_SECRET_FILE',
    '--upstreem: is not a flag; did you mean --upstream?',
    "BEARERD_TIMEOUTS_CONNECT: timeouts.connect: has to be a duration, not the text 'soon'; write 500ms, 30s, 5m or 2h (a bare number is seconds)",
    "--cookies: cookies: has to be one of rewrite, keep, drop, not the text 'eat'; write rewrite",
  ]);
});

t.test('an unknown variable is a warning, because the environment is shared', async (t) => {
  const { warnings } = load(t, {
    files: { 'bearerd.yaml': minimal },
    env: { BEARERD_UPSTREM: 'x', BEARERD_UPSTREEM: '' },
  });
  t.same(warnings.map(formatProblem), [
    'BEARERD_UPSTREM: is not a variable that bearerd knows; did you mean BEARERD_UPSTREAM?',
  ]);
});

t.test('secrets from files: by flag and by variable; both forms of one variable are a mistake', async (t) => {
  const files = { secret: 's3cret-value\n' };
  t.ok(load(t, { files, flags: { ...fromFlags, 'client-secret-file': 'secret' } }));
  t.ok(load(t, { files, flags: fromFlags, env: { BEARERD_CLIENT_SECRET_FILE: 'secret' } }));
  t.same(
    said(t, { files, flags: fromFlags, env: { BEARERD_CLIENT_SECRET_FILE: 'secret', BEARERD_CLIENT_SECRET: 'x' } }),
    ['BEARERD_CLIENT_SECRET_FILE: clientSecret: is set, and so is BEARERD_CLIENT_SECRET; unset one of them'],
  );
});

t.test('relative paths count from the folder of the file, or from the working directory', async (t) => {
  const yaml =
    'upstream: https://a.example.com\ncredential: { tokenEndpoint: https://b.example.com, clientId: a, clientSecret: { file: ./s } }';
  t.ok(load(t, { files: { 'sub/x.yaml': yaml, 'sub/s': 'one' }, file: 'sub/x.yaml' }));
  const env = { BEARERD_CLIENT_SECRET_FILE: 't' };
  t.ok(load(t, { files: { 'sub/x.yaml': yaml, t: 'two' }, file: 'sub/x.yaml', env }));
  t.match(said(t, { files: { 'sub/x.yaml': yaml, 'sub/t': 'two' }, file: 'sub/x.yaml', env }), [/does not exist/]);
});

t.test('environment and flags reach the only route and credential of a longer file', async (t) => {
  const one =
    'routes: [{ upstream: https://a.example.com, credential: x }]\ncredentials: { x: { tokenEndpoint: https://b.example.com, clientId: a, clientSecret: s3cret-value } }';
  const { config } = load(t, { files: { 'bearerd.yaml': one }, env: { BEARERD_COOKIES: 'drop', BEARERD_SCOPE: 'a' } });
  t.equal(firstRoute(config).cookies, 'drop');
  const two = one.replace(']', ', { path: /b, upstream: https://c.example.com, credential: x }]');
  t.same(said(t, { files: { 'bearerd.yaml': two }, env: { BEARERD_COOKIES: 'drop' } }), [
    'BEARERD_COOKIES: cookies: there are 2 routes, so it is not clear which one is meant; write it in the file',
  ]);
});

t.test('variables in strings: NAME, NAME with a default, and the literal', async (t) => {
  const credential = `credential: { tokenEndpoint: "https://b.example.com/\${T}", clientId: "\${UNSET:-app}", clientSecret: "\${S}" }`;
  const yaml = `listen: 127.0.0.1:\${PORT}\ninsecureHttp: \${YES}\nupstream: https://\${HOST:-acme}.example.com\nheaders: { set: { X-A: "a $\${b} \${EMPTY}" } }\n${credential}`;
  const { config } = load(t, {
    files: { 'bearerd.yaml': yaml },
    env: { PORT: '9001', YES: 'true', HOST: '', EMPTY: '', T: 'token', S: 's3cret-value' },
  });
  t.match(config.listen, [{ port: 9001 }]);
  t.match(firstRoute(config), {
    upstream: 'https://acme.example.com',
    insecureHttp: true,
    headers: { set: { 'X-A': `a \${b} ` } },
  });
  const broken = minimal.replace('acme', `\${1x}`);
  t.same(
    said(t, { files: { 'bearerd.yaml': broken } })[0],
    `bearerd.yaml:1:11: upstream: has \${ without the name of a variable; write \${NAME}, \${NAME:-default}, or $\${ for a literal \${`,
  );
});

t.test('JSON is read like YAML, anchors are followed, an empty file is nothing', async (t) => {
  const json = JSON.stringify(
    {
      upstream: 'https://a.example.com',
      credential: { tokenEndpoint: 'https://b.example.com', clientId: 'a', clientSecret: 's3cret-value', scope: ['x'] },
    },
    null,
    2,
  );
  t.equal(firstRoute(load(t, { files: { 'c.json': json }, file: 'c.json' }).config).upstream, 'https://a.example.com');
  const anchors =
    'routes:\n  - &one { path: /a, upstream: https://a.example.com, timeouts: &t { connect: 1s } }\n  - { path: /b, upstream: https://b.example.com, timeouts: *t }\ncredentials: { x: { tokenEndpoint: https://b.example.com, clientId: a, clientSecret: s3cret-value } }';
  t.match(load(t, { files: { 'bearerd.yaml': anchors } }).config.routes, [
    { timeouts: { connect: 1000 } },
    { timeouts: { connect: 1000 }, name: 'default-2' },
  ]);
  t.match(said(t, { files: { 'bearerd.yaml': '# nothing\n' } })[0], /^bearerd.yaml:1:1: upstream: is missing/);
  t.match(said(t, { files: { 'bearerd.yaml': '- a' } }), [
    'bearerd.yaml:1:1: has to be keys with values; write for example upstream: https://api.example.com',
  ]);
  t.match(
    said(t, { files: { 'bearerd.yaml': 'tls: *no' } }).join(' '),
    /bearerd.yaml:1:6: tls: text that starts with \* is a YAML alias/,
  );
  t.match(said(t, { files: { 'bearerd.yaml': `credential: { clientSecret: \${X} }` } }), [
    /^bearerd.yaml:1:\d+: not YAML: .*; inside { } or \[ \] put it in quotes: "\${NAME}"$/,
  ]);
});

t.test('presets give defaults for keys that are not written', async (t) => {
  const yaml = (rest: string) => ({ 'bearerd.yaml': `preset: collibra\n${minimal}\n${rest}` });
  t.match(firstRoute(load(t, { files: yaml('') }).config), {
    timeouts: { connect: 10_000, headers: 0, idle: 0 },
    cookies: 'drop',
    probe: 'GET /rest/2.0/auth/sessions/current',
  });
  t.match(firstRoute(load(t, { files: yaml('timeouts: { idle: 1m }\ncookies: keep') }).config), {
    timeouts: { headers: 0, idle: 60_000 },
    cookies: 'keep',
  });
  t.match(said(t, { files: yaml('timeouts: 5') }), [
    /^bearerd.yaml:4:11: timeouts: has to be a group of keys, not the number 5/,
  ]);
});

t.test('under preset collaborate the provider is collaborate unless it is written', async (t) => {
  const yaml =
    'preset: collaborate\nupstream: https://a.example.com\ncredential: { key: k, secret: 0123456789abcdef0123456789abcdef }';
  const { credentials } = load(t, { files: { 'bearerd.yaml': yaml } }).config;
  t.equal(credentials[0]?.kind, 'collaborate');
  const written = `preset: collaborate\n${minimal.replace('{ token', '{ provider: client-credentials, token')}`;
  t.equal(load(t, { files: { 'bearerd.yaml': written } }).config.credentials[0]?.kind, 'client-credentials');
});

t.test('a credential that no route uses is a warning', async (t) => {
  const keys = '{ tokenEndpoint: https://b.example.com, clientId: a, clientSecret: s3cret-value }';
  const yaml = `upstream: https://a.example.com\ncredential: x\ncredentials:\n  x: ${keys}\n  y: ${keys}`;
  const { warnings } = load(t, { files: { 'bearerd.yaml': yaml } });
  t.same(warnings.map(formatProblem), [
    'bearerd.yaml:5:6: credentials.y: is used by no route; name it in a route, or remove it',
  ]);
});

t.test('routes that cannot tell their credential say which there are', async (t) => {
  const keys = '{ tokenEndpoint: https://b.example.com, clientId: a, clientSecret: s3cret-value }';
  const yaml = `upstream: https://a.example.com\ncredentials:\n  x: ${keys}\n  y: ${keys}`;
  t.same(said(t, { files: { 'bearerd.yaml': yaml } }), [
    'bearerd.yaml:1:1: credential: is missing; write credential: and one of x, y',
  ]);
  const none = 'upstream: https://a.example.com\ncredential: x';
  t.same(said(t, { files: { 'bearerd.yaml': none } }), [
    "bearerd.yaml:2:13: credential: no credential named 'x'; write its keys below credentials: { x: … }",
  ]);
  const both = `${minimal}\ncredentials: { x: ${keys} }`;
  t.match(
    said(t, { files: { 'bearerd.yaml': both } })[0],
    /^bearerd.yaml:3:1: credentials: stands beside an inline credential/,
  );
});

t.test('addresses', async (t) => {
  const listen = (text: string) => load(t, { files: { 'bearerd.yaml': `listen: ${text}\n${minimal}` } }).config.listen;
  const cwd = t.testdir({});
  t.same(listen('0'), [{ kind: 'tcp', host: '127.0.0.1', port: 0 }]);
  t.same(listen('"[::1]:80"'), [{ kind: 'tcp', host: '::1', port: 80 }]);
  t.same(listen('[localhost:80, unix:x.sock]'), [
    { kind: 'tcp', host: 'localhost', port: 80 },
    { kind: 'unix', path: join(cwd, 'x.sock') },
  ]);
  const wrong = (text: string) => said(t, { files: { 'bearerd.yaml': `${text}\n${minimal}` } })[0];
  t.match(wrong('listen: []'), /is empty/);
  t.match(wrong('listen: :8080'), /write 127.0.0.1:8080, or 0.0.0.0:8080 for all/);
  t.match(wrong('listen: a:b'), /is not an address/);
  t.match(wrong('listen: "unix:"'), /names no socket/);
  t.match(wrong('listen: [1.2.3.4:1, 1.2.3.4:1]\nguard: { allowedHosts: [a] }'), /written twice/);
  t.match(wrong('admin: 127.0.0.1:8080'), /admin: 127.0.0.1:8080 is the proxy's own address/);
  t.match(wrong('guard: { allowedHosts: ["::1"] }'), /write "\[::1\]" in quotes/);
  t.match(wrong('guard: { allowedHosts: ["*.example.com"] }'), /is not a host name/);
  t.match(wrong('guard: { allowedOrigins: ["null"] }'), /is not an origin/);
});

t.test('paths of routes', async (t) => {
  const path = (text: string) => said(t, { files: { 'bearerd.yaml': `path: ${text}\n${minimal}` } })[0];
  t.match(path('/a//b'), /write \/a\/b/);
  t.match(path('/a/../b'), /\. or \.\. segment/);
  t.match(path('/a?b'), /more than a path/);
  t.equal(firstRoute(load(t, { files: { 'bearerd.yaml': `path: /a/\n${minimal}` } }).config).path, '/a');
});

t.test('header names and values that would break the request are refused', async (t) => {
  const wrong = (text: string) => said(t, { files: { 'bearerd.yaml': `headers: ${text}\n${minimal}` } })[0];
  t.match(wrong('{ set: { "a b": c } }'), /is not a header name/);
  t.match(wrong('{ set: { X-A: "b\\r\\nHost: c" } }'), /line break/);
  t.match(wrong('{ remove: [Host] }'), /is set by bearerd itself/);
});

t.test('equal options have equal fingerprints, whatever the order; every other option or secret another', async (t) => {
  const fingerprint = (yaml: string) =>
    load(t, { files: { 'bearerd.yaml': `upstream: https://a.example.com\ncredential: { ${yaml} }` } }).config
      .credentials[0]?.fingerprint;
  const all = [
    'tokenEndpoint: https://b.example.com, clientId: a, clientSecret: hunter22',
    'tokenEndpoint: https://b.example.com, clientId: a, clientSecret: hunter23',
    'tokenEndpoint: https://b.example.com, clientId: b, clientSecret: hunter22',
    'tokenEndpoint: https://b.example.com, clientId: a, clientSecret: hunter22, scope: [x]',
    'tokenEndpoint: https://b.example.com, clientId: a, clientSecret: hunter22, timeout: 1s',
  ];
  t.equal(new Set(all.map(fingerprint)).size, all.length);
  t.equal(
    fingerprint('clientSecret: hunter22, clientId: a, tokenEndpoint: https://b.example.com'),
    fingerprint(all[0] ?? ''),
  );
});

t.test('a provider of somebody else needs nothing but its definition', async (t) => {
  const seen: unknown[] = [];
  const own: ProviderDefinition<{ readonly word: string }> = {
    kind: 'own',
    doc: 'Own.',
    schema: object({ word: string({ doc: 'A word.', required: true }) }, { doc: 'Own.' }),
    create(options, { upstreams }) {
      seen.push(options, upstreams);
      return { requestToken: () => Promise.reject(new Error('never')) };
    },
    lint: ({ word }, { upstreams }) => [
      { path: 'word', problem: `is ${word} for ${upstreams}`, cure: 'none', severity: 'warning' },
    ],
  };
  const yaml = 'upstream: https://a.example.com\ncredential: { provider: own, word: hello }';
  const { config, warnings } = load(t, { files: { 'bearerd.yaml': yaml }, providers: [own] });
  t.same(warnings.map(formatProblem), ['bearerd.yaml:2:36: credential.word: is hello for https://a.example.com; none']);
  const log = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  config.credentials[0]?.create({ clock: systemClock, log, upstreams: ['https://a.example.com'], wantsJwt: false });
  t.same(seen, [{ word: 'hello' }, ['https://a.example.com']]);
  t.ok(
    load(t, {
      providers: [own],
      env: { BEARERD_UPSTREAM: 'https://a.example.com', BEARERD_PROVIDER: 'own', BEARERD_WORD: 'x' },
    }),
  );
});

t.test('tls.ca is a path, PEM text, or several of them; the configuration has the texts', async (t) => {
  const ca = loopbackCertificate.replaceAll('\n', '\\n');
  const given = (text: string) =>
    firstRoute(
      load(t, { files: { 'bearerd.yaml': `tls: { ca: ${text} }\n${minimal}`, 'ca.pem': loopbackCertificate } }).config,
    ).tls.ca;
  t.same(given('./ca.pem'), [loopbackCertificate]);
  t.same(given(`"${ca}"`), [loopbackCertificate]);
  t.same(given(`[./ca.pem, "${ca}"]`), [loopbackCertificate, loopbackCertificate]);
  t.same(given('"./ca.pem, ./ca.pem"'), [loopbackCertificate, loopbackCertificate]);
});

t.test('routes and credentials that are no groups of keys', async (t) => {
  const wrong = (yaml: string) => said(t, { files: { 'bearerd.yaml': yaml } });
  t.match(wrong('routes: [a]')[0], /^bearerd.yaml:1:10: routes\[0\]: has to be a group of keys/);
  t.match(wrong('routes: []')[0], /^bearerd.yaml:1:9: routes: is empty/);
  for (const [written, problem] of [
    ['[a]', 'has to be names with keys'],
    ['{}', 'is empty'],
  ]) {
    const lines = wrong(`upstream: https://a.example.com\ncredentials: ${written}`);
    t.equal(lines.length, 1);
    t.match(lines[0], `bearerd.yaml:2:14: credentials: ${problem}; `);
  }
  t.match(
    wrong('upstream: https://a.example.com\ncredentials: { a: b }').join(),
    /credentials.a: has to be a group of keys/,
  );
});

t.test('an upstream loses the slash at its end; with or without, it is one upstream', async (t) => {
  const yaml = `routes:
  - { path: /a, upstream: https://us.example.com/csa/, preset: collaborate }
  - { path: /b, upstream: https://us.example.com/csa, preset: collaborate }
credentials: { x: { key: k, secret: 0123456789abcdef0123456789abcdef } }`;
  const { routes } = load(t, { files: { 'bearerd.yaml': yaml } }).config;
  t.same(
    routes.map(({ upstream }) => upstream),
    ['https://us.example.com/csa', 'https://us.example.com/csa'],
  );
});

t.test('a warning that the upstream is bearerd itself, only where the listener gets the call', async (t) => {
  const cases: [string, string, boolean][] = [
    ['8080', 'http://127.0.0.1:8080', true],
    ['8080', 'http://localhost:8080', true],
    ['localhost:8080', 'http://127.0.0.1:8080', true],
    ['0.0.0.0:8080', 'http://127.0.0.5:8080', true],
    ['127.0.0.2:8080', 'http://127.0.0.1:8080', false],
    ['8080', 'http://127.0.0.1:8081', false],
    ['10.0.0.1:443', 'https://10.0.0.1', true],
    ['unix:/x.sock', 'http://127.0.0.1:8080', false],
  ];
  for (const [listen, upstream, own] of cases) {
    const yaml = `listen: ${listen}\nguard: { allowedHosts: [a] }\n${minimal.replace('https://acme.example.com', upstream)}`;
    const { warnings } = load(t, { files: { 'bearerd.yaml': yaml } });
    const found = warnings.some(
      ({ path, problem }) => path === 'upstream' && problem.startsWith("is bearerd's own address"),
    );
    t.equal(found, own, `${listen} ${upstream}`);
  }
});
