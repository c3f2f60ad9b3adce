import t from 'tap';
import { ConfigurationError } from '../../src/config/configuration-error.ts';
import { effectiveOptions, effectiveYaml } from '../../src/config/effective.ts';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { loopback } from '../support/certificates.ts';
import { tlsFile, tlsText } from '../support/test-certificates.ts';

const cert = tlsFile('server.pem');
const key = { file: tlsFile('server.key') };
const up = { upstream: 'https://acme.example.com', credential: { provider: 'static', token: 'x' } };

function load(object: object, env: Readonly<Record<string, string>> = {}) {
  return loadConfig({ object: { ...up, ...object }, env, flags: {}, cwd: '/', home: undefined, providers });
}

function problems(object: object, env?: Readonly<Record<string, string>>): string[] {
  try {
    load(object, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems
      .filter(({ severity }) => severity === 'error')
      .map(({ path, problem }) => `${path}: ${problem}`);
  }
}

t.test('listen: text, a group with tls, or a list of both, for the proxy and for a route', async (t) => {
  const tls = { cert: tlsText('server.pem'), clientCa: undefined };
  const secured = { kind: 'tcp', host: '127.0.0.1', port: 8443, tls };
  t.match(load({ listen: { address: 8443, tls: { cert, key } } }).config.listen, [secured]);
  t.match(load({ listen: [8080, { address: 8443, tls: { cert, key } }, 'fd:4'] }).config.listen, [
    { kind: 'tcp', port: 8080, tls: undefined },
    secured,
    { kind: 'fd', fd: 4 },
  ]);
  t.match(load({ listen: { address: 'unix:/x' } }).config.listen, [{ kind: 'unix', path: '/x', tls: undefined }]);
  t.match(load({ listen: { address: 8443, tls: { cert, key: key.file } } }).config.listen, [secured], 'key as a path');
  const { config, files } = load({
    ...{ upstream: undefined, credential: undefined },
    routes: [{ upstream: up.upstream, listen: { address: 'fd:3', tls: { cert, key, clientCa: tlsFile('ca.pem') } } }],
    credentials: { one: up.credential },
  });
  t.match(config.routes[0]?.listen, [{ kind: 'fd', fd: 3, tls: { clientCa: [tlsText('ca.pem')] } }]);
  t.same(files.toSorted(), [tlsFile('ca.pem'), key.file, cert].toSorted(), 'a change of them is a reason to reload');
});

t.test('what is wrong with it', async (t) => {
  const cases: readonly (readonly [said: RegExp[], listen: unknown, env?: Readonly<Record<string, string>>])[] = [
    [[/^listen\.tls\.cert: is missing$/, /^listen\.tls\.key: is missing$/], { address: 8443, tls: {} }],
    [[/^listen\.address: is missing$/], { tls: { cert, key } }],
    [[/^listen\[1\]\.tls\.clientCA: is not a known key$/], [1, { address: 2, tls: { cert, key, clientCA: cert } }]],
    [[/^listen\.tls\.key: is not the private key of cert$/], { address: 1, tls: { cert, key: loopback.key } }],
    [[/^listen\.tls\.key: is not the private key of cert$/], { address: 1, tls: { cert, key: '-----BEGIN no key' } }],
    [[/^listen\.tls\.key: the file \/no-key does not exist$/], { address: 1, tls: { cert, key: '/no-key' } }],
    [[/^listen\.tls\.clientCa: is empty$/], { address: 1, tls: { cert, key, clientCa: [] } }],
    [[/^listen: 127\.0\.0\.1:1 is written twice$/], [1, { address: 1, tls: { cert, key } }]],
    [[/^listen: fd:4 is not there: LISTEN_FDS=1 means fd:3 only$/], 'fd:4', { LISTEN_FDS: '1' }],
    [[/^listen: fd:3 is not there: LISTEN_FDS=0 means none$/], 'fd:3', { LISTEN_FDS: '0' }],
    [[], ['fd:3', 'fd:4'], { LISTEN_FDS: '2' }],
    [[], { address: 1, tls: { cert, key: { command: ['false'] } } }],
    [[/^guard\.allowedHosts: has to be written out/], { address: '0.0.0.0:1', tls: { cert, key } }],
  ];
  for (const [said, listen, env] of cases) t.match(problems({ listen }, env), said, JSON.stringify(listen));
  const routes = (second: object) => ({
    ...{ upstream: undefined, credential: undefined },
    routes: [
      { upstream: up.upstream, listen: { address: 9000, tls: { cert, key } } },
      { upstream: up.upstream, path: '/b', listen: second },
    ],
    credentials: { one: up.credential },
  });
  t.same(problems(routes({ address: 9000, tls: { cert, key } })), []);
  t.match(problems(routes({ address: 9000 })), [/^routes\[1\]\.listen: 127\.0\.0\.1:9000 is written with another tls/]);
});

t.test('config print shows where the key is, never the key', async (t) => {
  const yaml = (tls: object) => effectiveYaml(effectiveOptions(load({ listen: { address: 1, tls } })), [], false);
  t.match(yaml({ cert, key }), `\n    key: ‹from file ${key.file}›\n`);
  const inline = { cert: tlsText('server.pem'), key: tlsText('server.key') };
  t.match(yaml(inline), /^ {4}key: "‹set, \d+ characters›"$/m);
  const listed = load({ listen: [{ address: 1, tls: inline }] });
  for (const text of [yaml(inline), effectiveYaml(effectiveOptions(listed), [], true)]) {
    t.notMatch(text, 'PRIVATE KEY');
    t.notMatch(text, tlsText('server.key').slice(40, 80));
  }
});

t.test('http2 before a plain http upstream is a warning', async (t) => {
  const warned = (upstream: string) =>
    load({ upstream, http2: true }).warnings.filter(({ path }) => path === 'http2').length;
  t.equal(warned('http://127.0.0.1:9'), 1);
  t.equal(warned('https://127.0.0.1:9'), 0);
});
