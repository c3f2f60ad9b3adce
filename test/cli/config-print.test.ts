import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { check } from '../../src/cli/check.ts';
import { config } from '../../src/cli/config.ts';
import type { Command } from '../../src/cli/context.ts';
import { privateFolder } from '../support/private-folder.ts';
import { testConsole } from './demo-console.ts';

const file = `routes:
  - upstream: https://acme.collibra.com
    preset: collibra
    credential: idp.prod
  - path: /collab
    upstream: https://us.bbcollab.com/collab/api/csa
    preset: collaborate
    credential: collab
    challenge: [{ code: tokenRevoked, do: retry }]
    headers: { set: { X-Api-Key: key-of-somebody, X-Client: bearerd, X-Var: "\${COLLAB_SECRET}" } }
credentials:
  idp.prod:
    tokenEndpoint: \${ENDPOINT:-https://idp.example.com/token}
    clientId: my-app
    clientSecret: { file: ./secret }
  collab:
    key: my-collab-rest-key
    secret: \${COLLAB_SECRET}
`;

const env = { COLLAB_SECRET: 'collab-secret-of-44-characters-0123456789-ab', BEARERD_LOG_LEVEL: 'debug' };

async function run(t: Test, argv: readonly string[], command: Command = config) {
  const cwd = privateFolder(t.testdir({ 'bearerd.yaml': file, secret: 'the-secret-in-the-file' }));
  const { context, out, err } = testConsole(argv, env);
  const code = await command({ ...context, cwd });
  t.notMatch(out() + err(), /the-secret-in|collab-secret-of|key-of-somebody/, 'no secret');
  return { code, out: out(), err: err(), cwd };
}

t.test('config print: every value in force; of secrets where they are, or how long', async (t) => {
  const { code, out, err } = await run(t, ['print', '--drain-timeout', '3s']);
  t.equal(code, 0);
  t.equal(err, '');
  t.match(parse(out), {
    listen: ['127.0.0.1:8080'],
    log: { level: 'debug', access: true },
    drainTimeout: '3s',
    routes: [
      { name: 'collibra', path: '/', timeouts: { headers: '0s', connect: '10s' }, cookies: 'drop' },
      {
        name: 'collaborate',
        challenge: [{ code: 'tokenRevoked', do: 'retry' }],
        headers: {
          set: { 'X-Api-Key': '‹set, 15 characters›', 'X-Client': 'bearerd', 'X-Var': '‹set, 44 characters›' },
        },
      },
    ],
    credentials: {
      'idp.prod': {
        provider: 'client-credentials',
        tokenEndpoint: 'https://idp.example.com/token',
        clientSecret: '‹from file ./secret›',
      },
      collab: { provider: 'collaborate', secret: '‹set, 44 characters›' },
    },
  });
});

t.test('config print --why: where each value comes from', async (t) => {
  const { out } = await run(t, ['print', '--why', '--drain-timeout', '3s']);
  for (const line of [
    'drainTimeout: 3s  # --drain-timeout',
    '  level: debug  # BEARERD_LOG_LEVEL',
    '  format: auto  # default',
    '      headers: 0s  # preset collibra',
    '    upstream: https://us.bbcollab.com/collab/api/csa  # bearerd.yaml:6:15',
    `    tokenEndpoint: https://idp.example.com/token  # bearerd.yaml:13:20, \${ENDPOINT:-https://idp.example.com/token}`,
    '  - name: collibra  # default',
  ])
    t.ok(out.split('\n').includes(line), line);
});

t.test('config print --json', async (t) => {
  const { out } = await run(t, ['print', '--json']);
  const options: { path: string; value: unknown; origin: string }[] = JSON.parse(out);
  const of = (path: string) => options.find((one) => one.path === path);
  t.same(of('log.level'), { path: 'log.level', value: 'debug', origin: 'BEARERD_LOG_LEVEL' });
  t.same(of('routes[0].timeouts.idle'), { path: 'routes[0].timeouts.idle', value: '0s', origin: 'preset collibra' });
});

t.test('what is printed is a configuration again, once the secrets are put back', async (t) => {
  const { out, cwd } = await run(t, ['print']);
  const again = out.replace('‹from file ./secret›', '{ file: ./secret }').replace('"‹set, 44 characters›"\n', 'x\n');
  writeFileSync(join(cwd, 'again.yaml'), again);
  const { context, err, out: said } = testConsole(['--config', 'again.yaml']);
  t.equal(await check({ ...context, cwd }), 0, said() + err());
});

t.test('the short form, and a secret in an environment variable or from a command', async (t) => {
  const cwd = t.testdir({
    'bearerd.yaml': `upstream: https://a.example
credential: { tokenEndpoint: https://idp.example.com/t, clientId: a, clientSecret: { command: [pass, show, x] } }`,
    'b.yaml': `upstream: https://a.example
credential: { provider: static, token: { env: TOKEN } }`,
  });
  const first = testConsole(['print', '--why']);
  t.equal(await config({ ...first.context, cwd }), 0);
  t.match(parse(first.out()), {
    upstream: 'https://a.example',
    credential: { clientSecret: '‹from command pass›' },
  });
  const second = testConsole(['print', '--config', 'b.yaml'], { TOKEN: 'token-in-a-variable' });
  t.equal(await config({ ...second.context, cwd }), 0);
  t.match(parse(second.out()), { credential: { token: '‹from environment variable TOKEN›' } });
});

t.test('a wrong configuration: exit 2 and its problems on stderr', async (t) => {
  const { context, out, err } = testConsole(['print', '--upstream', 'acme']);
  t.equal(await config({ ...context, cwd: '/' }), 2);
  t.equal(out(), '');
  t.match(err(), /--upstream: upstream: is not an absolute URL/);
});
