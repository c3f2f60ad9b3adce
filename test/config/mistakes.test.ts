import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ConfigurationError } from '../../src/config/configuration-error.ts';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';

const up = 'upstream: https://acme.example.com';
const flow = '{ tokenEndpoint: https://idp.example.com/token, clientId: app, clientSecret: s3cret-value }';
const idp = `
credential:
  tokenEndpoint: https://idp.example.com/token
  clientId: app
  clientSecret: s3cret-value
`;
const collab = `
preset: collaborate
credential:
  key: k
`;

/** What somebody got wrong, the file, and every line that bearerd says about it. */
const mistakes: readonly (readonly [title: string, file: string, said: readonly string[]])[] = [
  [
    'a key with two letters exchanged',
    `listne: 8080\n${up}${idp}`,
    ["x.yaml:1:1: listne: is not a known key; did you mean 'listen'?"],
  ],
  [
    'a misspelt key in a group',
    `log: { lvel: debug }\n${up}${idp}`,
    ["x.yaml:1:8: log.lvel: is not a known key; did you mean 'level'?"],
  ],
  [
    'an expectation that is none',
    `${up}\ncredential:\n  expect: { isuer: x, algorithms: { a: 1 }, jwks: http://idp.example.com/jwks }\n  tokenEndpoint: https://idp.example.com/token\n  clientId: app\n  clientSecret: s3cret-value\n`,
    [
      "x.yaml:3:13: credential.expect.isuer: is not a known key; did you mean 'issuer'?",
      'x.yaml:3:35: credential.expect.algorithms: has to be a list, not a group of keys; write algorithms: [RS256]',
      'x.yaml:3:51: credential.expect.jwks: is plain http beyond loopback, so that the keys could be changed on the way; write https://',
    ],
  ],
  [
    'a misspelt preset',
    `${up}\npreset: colibra${idp}`,
    [
      "x.yaml:2:9: preset: has to be one of collibra, collaborate, none, not the text 'colibra'; did you mean 'collibra'?",
    ],
  ],
  [
    'a credential that does not exist',
    `routes:\n  - { path: /a, upstream: https://a.example.com, credential: collibra }\n  - { path: /b, upstream: https://b.example.com, credential: colibra }\ncredentials:\n  collibra: ${flow}`,
    ["x.yaml:3:62: routes[1].credential: no credential named 'colibra'; did you mean 'collibra'?"],
  ],
  [
    'a key written twice',
    `${up}\nupstream: https://b.example.com${idp}`,
    ['x.yaml:2:1: upstream: is written twice (first on line 1); keep one of them'],
  ],
  [
    'a duration in words',
    `${up}\ntimeouts: { headers: 5 minutes }${idp}`,
    [
      "x.yaml:2:22: timeouts.headers: has to be a duration, not the text '5 minutes'; write 500ms, 30s, 5m or 2h (a bare number is seconds)",
    ],
  ],
  [
    'a size with an unknown unit',
    `${up}\nreplay: { maxBody: 1 megabyte }${idp}`,
    [
      "x.yaml:2:20: replay.maxBody: has to be a size, not the text '1 megabyte'; write 64KiB or 1MiB (a bare number is bytes)",
    ],
  ],
  [
    'a route without upstream',
    `routes:\n  - path: /a\n    credential: x\ncredentials:\n  x: ${flow}`,
    ['x.yaml:2:5: routes[0].upstream: is missing; write upstream: https://acme.collibra.com'],
  ],
  [
    'an upstream without scheme',
    `upstream: acme.collibra.com${idp}`,
    ['x.yaml:1:11: upstream: is not an absolute URL; write the scheme too, for example https://acme.collibra.com'],
  ],
  [
    'plain http beyond loopback',
    `upstream: http://acme.example.com${idp}`,
    [
      'x.yaml:1:11: upstream: is plain http beyond loopback, so that the token could be read on the way; write https://, or insecureHttp: true beside it',
    ],
  ],
  [
    'a password in the upstream',
    `upstream: https://joe:hunter22@acme.example.com${idp}`,
    [
      'x.yaml:1:11: upstream: contains a user name or password; remove what stands before the @; secrets have their own keys',
    ],
  ],
  [
    'a query in the upstream',
    `${up}/?a=b${idp}`,
    ['x.yaml:1:11: upstream: has a query; remove the ? and what follows'],
  ],
  [
    'the same path twice',
    `routes:\n  - { path: /a, upstream: https://a.example.com }\n  - { path: /a/, upstream: https://b.example.com }\ncredentials:\n  x: ${flow}`,
    ["x.yaml:3:13: routes[1].path: '/a' is already the path of routes[0]; give each route its own path"],
  ],
  [
    'the same name twice',
    `routes:\n  - { name: a, path: /a, upstream: https://a.example.com }\n  - { name: a, path: /b, upstream: https://b.example.com }\ncredentials:\n  x: ${flow}`,
    ["x.yaml:3:13: routes[1].name: 'a' is already the name of routes[0]; give each route its own name"],
  ],
  ['a path without slash', `${up}\npath: rest${idp}`, ['x.yaml:2:7: path: does not start with /; write /rest']],
  [
    'short form beside routes',
    `${up}\nroutes:\n  - { upstream: https://b.example.com, credential: x }\ncredentials:\n  x: ${flow}`,
    ['x.yaml:1:1: upstream: describes the only route, which cannot stand beside routes; move upstream into a route'],
  ],
  [
    'reachable by others without allowedHosts',
    `listen: 0.0.0.0:8080\n${up}${idp}`,
    [
      'x.yaml:1:9: guard.allowedHosts: has to be written out, because 0.0.0.0:8080 can be reached from other machines; write guard: { allowedHosts: [NAME, …] } with every name by which callers may call bearerd',
    ],
  ],
  [
    'a standard stream to listen on',
    `listen: fd:0\n${up}${idp}`,
    ["x.yaml:1:9: listen: 'fd:0' is not a descriptor to listen on; write fd:3, or a higher number"],
  ],
  [
    'a port that does not exist',
    `listen: 127.0.0.1:80800\n${up}${idp}`,
    ['x.yaml:1:9: listen: the port 80800 does not exist; write a port from 0 (any free one) to 65535'],
  ],
  [
    'an audit log in two places',
    `audit: { file: ./a, stream: stdout }\n${up}${idp}`,
    ['x.yaml:1:29: audit.stream: stands beside file; write one of the two'],
  ],
  [
    'a local key that is not there',
    `guard: { localKey: { env: NO_SUCH_KEY } }\n${up}${idp}`,
    [
      'x.yaml:1:20: guard.localKey: the environment variable NO_SUCH_KEY is not set; write the secret there, or name another source',
    ],
  ],
  [
    'a local key in a field of the connection',
    `guard: { localKeyHeader: Authorization }\n${up}${idp}`,
    ['x.yaml:1:26: guard.localKeyHeader: Authorization is set by bearerd itself; remove it'],
  ],
  [
    'an allow rule in small letters',
    `${up}\nallow: ["get /rest/**"]${idp}`,
    ["x.yaml:2:9: allow[0]: 'get' is not a method; write it in capitals, several as GET|HEAD, or * for all"],
  ],
  [
    'an allow rule that cannot match',
    `${up}\npath: /api\nallow: ["GET /rest/**"]${idp}`,
    [
      "x.yaml:3:8: allow: 'GET /rest/**' can never match, because the route serves /api only; write the path as callers write it, with the path of the route in front",
    ],
  ],
  [
    'an empty allow-list',
    `${up}\nallow: []${idp}`,
    ['x.yaml:2:8: allow: is empty, so that nothing could be asked; write at least one rule, or remove the key'],
  ],
  [
    'a provider that there is not',
    `${up}\ncredential:\n  provider: kerberos`,
    [
      `x.yaml:3:13: credential.provider: there is no provider 'kerberos'; write one of ${providers.map(({ kind }) => kind).join(', ')}`,
    ],
  ],
  [
    'a misspelt provider',
    `${up}\ncredential:\n  provider: client-credential\n  tokenEndpoint: https://idp.example.com/token`,
    ["x.yaml:3:13: credential.provider: there is no provider 'client-credential'; did you mean 'client-credentials'?"],
  ],
  [
    'a fragment in the token endpoint',
    `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token#x\n  clientId: app\n  clientSecret: s3cret-value`,
    ['x.yaml:3:18: credential.tokenEndpoint: has a fragment; remove the # and what follows'],
  ],
  [
    'a token endpoint over plain http',
    `${up}\ncredential:\n  tokenEndpoint: http://idp.example.com/token\n  clientId: app\n  clientSecret: s3cret-value`,
    [
      'x.yaml:3:18: credential.tokenEndpoint: is plain http beyond loopback, so that the secret could be read on the way; write https://, or insecureHttp: true beside it',
    ],
  ],
  [
    'no client id',
    `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token\n  clientSecret: s3cret-value`,
    ['x.yaml:3:3: credential.clientId: is missing; write clientId: my-app'],
  ],
  [
    'no client secret',
    `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token\n  clientId: app`,
    [
      'x.yaml:3:3: credential.clientSecret: is missing, and clientAuthentication client_secret_basic needs it; write clientSecret: { file: PATH }, or clientAuthentication: none for a public client',
    ],
  ],
  [
    'a key of another provider',
    `${up}${idp}  assertionLifetime: 60s`,
    [
      'x.yaml:6:3: credential.assertionLifetime: is not a key of provider client-credentials, but of collaborate; remove it, or write provider: collaborate',
    ],
  ],
  [
    'a secret file that is not there',
    `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token\n  clientId: app\n  clientSecret: { file: /no/such/file }`,
    [
      'x.yaml:5:17: credential.clientSecret: the file /no/such/file does not exist; write the secret there, or name another source',
    ],
  ],
  [
    'a variable that is not set',
    `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token\n  clientId: app\n  clientSecret: \${NOT_SET}`,
    [
      `x.yaml:5:17: credential.clientSecret: the environment variable NOT_SET is not set; set NOT_SET, or write \${NOT_SET:-default}`,
    ],
  ],
  [
    'a secret in a variable that is not set',
    `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token\n  clientId: app\n  clientSecret: { env: NOT_SET }`,
    [
      'x.yaml:5:17: credential.clientSecret: the environment variable NOT_SET is not set; write the secret there, or name another source',
    ],
  ],
  [
    'A21: an assertion that lives too long',
    `${up}${collab}  secret: 0123456789abcdef0123456789abcdef\n  assertionLifetime: 301s`,
    [
      'x.yaml:6:22: credential.assertionLifetime: has to be at most 5m, not 301s; write 1s to 300s; Collaborate wants the assertion to expire within 5 minutes, and 240s leaves room for clock differences',
    ],
  ],
  [
    'A22: an assertion that is expired at once',
    `${up}${collab}  secret: 0123456789abcdef0123456789abcdef\n  assertionLifetime: 0`,
    [
      'x.yaml:6:22: credential.assertionLifetime: has to be at least 1s, not 0s; write 1s to 300s; Collaborate wants the assertion to expire within 5 minutes, and 240s leaves room for clock differences',
    ],
  ],
  [
    'A24: an empty secret',
    `${up}${collab}  secret: ""`,
    ['x.yaml:5:11: credential.secret: the value is empty; write the secret there, or name another source'],
  ],
  [
    'A26: a PEM key as shared secret',
    `${up}${collab}  secret: |\n    -----BEGIN PRIVATE KEY-----\n    MIIE\n    -----END PRIVATE KEY-----`,
    [
      'x.yaml:5:11: credential.secret: is a PEM block, but HS256 signs with a shared secret; write it as privateKey with algorithm: RS256, or write the shared secret',
    ],
  ],
  [
    'a CA file that is not there',
    `${up}\ntls: { ca: /no/such/ca.pem }${idp}`,
    [
      'x.yaml:2:12: tls.ca: the file /no/such/ca.pem cannot be read (ENOENT); write the path of a file that starts with -----BEGIN CERTIFICATE-----',
    ],
  ],
  [
    'a CA that is something else',
    `${up}\ntls:\n  ca: |\n    -----BEGIN PRIVATE KEY-----\n    MIIE\n    -----END PRIVATE KEY-----${idp}`,
    [
      'x.yaml:3:7: tls.ca: is not a PEM certificate; write the path of a file that starts with -----BEGIN CERTIFICATE-----',
    ],
  ],
  [
    'broken YAML',
    `${up}\ntls: { ca: [a, b }${idp}`,
    [
      'x.yaml:2:18: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; check indentation, colons, brackets and quotes here',
    ],
  ],
  [
    'an own rule for another status',
    `${up}\nchallenge:\n  - { status: 403, code: x, do: retry }${idp}`,
    ['x.yaml:3:15: challenge[0].status: is 403, but only a 401 can have rules; write 401'],
  ],
  [
    "a header that is not the user's",
    `${up}\nheaders:\n  set: { Authorization: Bearer x }${idp}`,
    ['x.yaml:3:10: headers.set.Authorization: Authorization is set by bearerd itself; remove it'],
  ],
  [
    'an unknown word',
    `${up}\ncookies: remove${idp}`,
    ["x.yaml:2:10: cookies: has to be one of rewrite, keep, drop, not the text 'remove'; write rewrite"],
  ],
  [
    'a probe without method',
    `${up}\nprobe: /rest/2.0/application/info${idp}`,
    [
      "x.yaml:2:8: probe: '/rest/2.0/application/info' is not a request; write GET, HEAD or OPTIONS and a path, for example GET /api/me",
    ],
  ],
  [
    'a port in allowedHosts',
    `guard:\n  allowedHosts: ["proxy:8080"]\n${up}${idp}`,
    ['x.yaml:2:18: guard.allowedHosts[0]: has a port, but any port is allowed; write proxy'],
  ],
  [
    'an origin with a path',
    `guard:\n  allowedOrigins: [https://app.example.com/]\n${up}${idp}`,
    ['x.yaml:2:20: guard.allowedOrigins[0]: is more than an origin; write https://app.example.com'],
  ],
  [
    'routes without hyphens',
    `routes:\n  ${up}`,
    ['x.yaml:2:3: routes: has to be a list; write - upstream: https://api.example.com below it'],
  ],
  [
    'a key without value',
    `${up}\npreset:${idp}`,
    ['x.yaml:2:8: preset: has no value; write one of collibra, collaborate, none, or leave the key out'],
  ],
  [
    'a client id that YAML takes for a number',
    `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token\n  clientId: 12345\n  clientSecret: s3cret-value`,
    ["x.yaml:4:13: credential.clientId: has to be a string, not the number 12345; put it in quotes: '12345'"],
  ],
  [
    'yes for true',
    `${up}\ninsecureHttp: yes${idp}`,
    [
      "x.yaml:2:15: insecureHttp: has to be true or false, not the text 'yes'; write insecureHttp: true or insecureHttp: false",
    ],
  ],
  [
    'a tab in the indentation',
    `${up}\ncredential:\n	clientId: app`,
    ['x.yaml:3:1: not YAML: Tabs are not allowed as indentation; check indentation, colons, brackets and quotes here'],
  ],
  [
    'a Collaborate credential for two upstreams',
    `routes:\n  - { path: /us, upstream: https://us.example.com, preset: collaborate }\n  - { path: /eu, upstream: https://eu.example.com, preset: collaborate }\ncredentials:\n  x: { key: k, secret: 0123456789abcdef0123456789abcdef }`,
    [
      'x.yaml:5:6: credentials.x.tokenEndpoint: is missing, and routes with different upstreams use this credential; write the URL that ends in /token',
    ],
  ],
];

t.test('acceptance 9: each mistake is reported with its line and a cure, and nothing else is', async (t) => {
  t.ok(mistakes.length >= 30);
  const cwd = t.testdir({});
  for (const [title, yaml, said] of mistakes) {
    writeFileSync(join(cwd, 'x.yaml'), yaml);
    try {
      loadConfig({ file: 'x.yaml', env: {}, flags: {}, cwd, home: undefined, providers });
      t.fail(`${title}: nothing was found`);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      t.equal(error.code, 'BEARERD_CONFIGURATION');
      t.same(error.message.split('\n'), said, title);
    }
  }
});

t.test('all mistakes of a file are reported at once, in the order of its lines', async (t) => {
  const cwd = t.testdir({});
  writeFileSync(join(cwd, 'x.yaml'), 'listne: 1\nupstream: acme\ncookies: eat\ncredential: { clientId: a, scpoe: b }');
  t.throws(() => loadConfig({ file: 'x.yaml', env: {}, flags: {}, cwd, home: undefined, providers }), {
    message: new RegExp(
      [
        '^x.yaml:1:1: listne: .*',
        'x.yaml:2:11: upstream: .*',
        'x.yaml:3:10: cookies: .*',
        'x.yaml:4:13: credential.tokenEndpoint: .*',
        'x.yaml:4:28: credential.scpoe: .*$',
      ].join('\n'),
    ),
  });
});

t.test('no message shows a secret that YAML or we misread', async (t) => {
  const cwd = t.testdir({});
  const before = `${up}\ncredential:\n  tokenEndpoint: https://idp.example.com/token\n  clientId: app\n  clientSecret: `;
  const values = [
    "'hunter22",
    '"hunter\\q22"',
    '@hunter22',
    '%hunter22',
    '`hunter22',
    'hunter22: x',
    '!hunter22 x',
    '*hunter22',
    '&hunter22',
    "'a'hunter22",
    '|hunter22',
    '>hunter22',
    '[hunter22',
    '{hunter22',
    '{hunter22}',
    '{hunter22: x}',
    '{file: hunter22, x: hunter22}',
    '{command: hunter22}',
    '[hunter22]',
    `pa\${hunter22`,
    '#hunter22',
    '\n hunter22\nhunter22',
  ];
  for (const value of values) {
    writeFileSync(join(cwd, 'x.yaml'), before + value);
    try {
      loadConfig({ file: 'x.yaml', env: {}, flags: {}, cwd, home: undefined, providers });
      t.fail(`${value}: nothing was found`);
    } catch (error) {
      t.ok(error instanceof ConfigurationError);
      t.notMatch(String(error), /hunter22/, value);
      t.match(String(error), /x\.yaml:[567]:\d+: /, value);
    }
  }
  writeFileSync(join(cwd, 'x.yaml'), `${before}!!str hunter22`);
  t.ok(loadConfig({ file: 'x.yaml', env: {}, flags: {}, cwd, home: undefined, providers }), 'a tag that YAML knows');
});

t.test('no message shows a secret', async (t) => {
  const cwd = t.testdir({});
  mkdirSync(join(cwd, 'folder'));
  const files = [
    `${up}\ncredential:\n  tokenEndpoint: https://joe:hunter22@idp.example.com/token\n  clientId: app\n  clientSecret: hunter22`,
    `${up}\npreset: collaborate\ncredential:\n  key: k\n  secret: "hunter22\\n-----BEGIN PRIVATE KEY-----"`,
    `${up}\ncredential:\n  clientSecret: { command: [echo, hunter22] }`,
  ];
  for (const yaml of files) {
    writeFileSync(join(cwd, 'x.yaml'), yaml);
    try {
      loadConfig({ file: 'x.yaml', env: {}, flags: { 'client-secret': 'hunter22' }, cwd, home: undefined, providers });
      t.fail('nothing was found');
    } catch (error) {
      t.ok(error instanceof ConfigurationError);
      t.notMatch(String(error), /hunter22/);
    }
  }
});
