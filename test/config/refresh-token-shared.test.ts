import t, { type Test } from 'tap';
import { formatProblem } from '../../src/config/input.ts';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';

function credential(name: string, file: string, scope: string): string {
  return `  ${name}: { provider: refresh-token, tokenEndpoint: https://idp.example.com/token, clientId: me, clientAuthentication: none, refreshToken: { file: ${file} }, scope: ${scope} }\n`;
}

function warningsOf(t: Test, credentials: string): readonly string[] {
  const upstream = 'upstream: https://api.example.com';
  const text = `routes:\n  - { path: /a, ${upstream}, credential: a }\n  - { path: /b, ${upstream}, credential: b }\ncredentials:\n${credentials}`;
  const cwd = t.testdir({ 'bearerd.yaml': text, one: 'token-one', two: 'token-two' });
  const { warnings } = loadConfig({ env: {}, flags: {}, cwd, file: 'bearerd.yaml', home: undefined, providers });
  return warnings.map(formatProblem).filter((warning) => !warning.includes('open to every user'));
}

t.test('RFC 6749 §6: two credentials with one rotating refresh token are warned of', async (t) => {
  const [warning, ...more] = warningsOf(t, credential('a', './one', 'x') + credential('b', './one', 'y'));
  t.match(
    warning,
    /^bearerd\.yaml:6:\d+: credentials\.b\.refreshToken\.file: the file \/.+\/one is also that of credential 'a'/,
  );
  t.same(more, []);
});

t.test('a file each, or the same request under two names, is fine', async (t) => {
  t.same(warningsOf(t, credential('a', './one', 'x') + credential('b', './two', 'x')), []);
  t.same(warningsOf(t, credential('a', './one', 'x') + credential('b', './one', 'x')), []);
});
