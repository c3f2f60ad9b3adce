import { PassThrough, Writable } from 'node:stream';
import t from 'tap';
import { check } from '../../src/cli/check.ts';
import { config } from '../../src/cli/config.ts';
import type { Command } from '../../src/cli/context.ts';
import { configSchema } from '../../src/config/reference.ts';
import { providers } from '../../src/provider/index.ts';

function collector(): { stream: Writable; text: () => string } {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream, text: () => text };
}

async function run(command: Command, argv: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const [stdout, stderr] = [collector(), collector()];
  const code = await command({
    argv,
    env,
    cwd,
    home: undefined,
    version: '0.0.0',
    nodeVersion: '20.20.2',
    stdin: new PassThrough(),
    stdout: stdout.stream,
    stderr: stderr.stream,
    isTerminal: false,
    onSignal: () => {},
  });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

const valid = `upstream: https://acme.collibra.com
preset: collibra
credential: { tokenEndpoint: https://idp.example.com/token, clientId: app, clientSecret: hunter22 }
`;

t.test('a valid configuration: exit 0 and what it would do', async (t) => {
  const cwd = t.testdir({ 'bearerd.yaml': valid });
  t.same(await run(check, [], cwd), {
    code: 0,
    stdout: `configuration is valid (bearerd.yaml)
listens on 127.0.0.1:8080; admin: 127.0.0.1:8081
/ → https://acme.collibra.com (preset collibra, credential default: client-credentials)
`,
    stderr: '',
  });
  t.match(await run(check, ['--admin', 'off', '--listen=0'], cwd), {
    code: 0,
    stdout: /listens on 127.0.0.1:0; admin: off/,
  });
});

t.test('warnings are told and are no failure', async (t) => {
  const cwd = t.testdir({ 'bearerd.yaml': valid });
  t.match(await run(check, [], cwd, { BEARERD_UPSTREM: 'x' }), {
    code: 0,
    stdout: /^warning: BEARERD_UPSTREM: .*\nconfiguration is valid/,
  });
});

t.test('an invalid one: exit 2, each problem on its line, the number of them on stderr', async (t) => {
  const cwd = t.testdir({ 'x.yaml': valid.replace('preset:', 'prset:').replace('https://acme', 'http://acme') });
  t.match(await run(check, ['--config', 'x.yaml'], cwd), {
    code: 2,
    stdout: /^x\.yaml:1:11: upstream: .*\nx\.yaml:2:1: prset: is not a known key; did you mean 'preset'\?\n$/,
    stderr: '2 problems\n',
  });
});

t.test('--json gives the same as facts', async (t) => {
  const cwd = t.testdir({ 'bearerd.yaml': valid, 'x.yaml': 'upstream: acme' });
  const good = await run(check, ['--json'], cwd);
  t.match(JSON.parse(good.stdout), {
    valid: true,
    file: 'bearerd.yaml',
    problems: [],
    listen: ['127.0.0.1:8080'],
    admin: '127.0.0.1:8081',
    routes: [{ name: 'collibra', path: '/', upstream: 'https://acme.collibra.com', credential: 'default' }],
    credentials: [{ name: 'default', provider: 'client-credentials' }],
  });
  t.notMatch(good.stdout, /hunter22/);
  const bad = await run(check, ['--json', '--config', 'x.yaml'], cwd);
  t.equal(bad.code, 2);
  const { valid: isValid, problems } = JSON.parse(bad.stdout);
  t.equal(isValid, false);
  t.match(
    problems.find(({ path }: { path: string }) => path === 'upstream'),
    {
      severity: 'error',
      source: 'file',
      file: 'x.yaml',
      line: 1,
      column: 11,
      problem: 'is not an absolute URL',
      cure: String,
    },
  );
});

t.test('a wrong command line: exit 2 before anything is read', async (t) => {
  const cwd = t.testdir({ 'bearerd.yaml': valid });
  t.same(await run(check, ['--upsteam', 'hunter23'], cwd), {
    code: 2,
    stdout: '',
    stderr: 'bearerd check: --upsteam is not an option of check; did you mean --upstream?\n',
  });
  const stderr = "bearerd check: 'x' is one word too many; check takes only options\n";
  t.match(await run(check, ['x'], cwd), { code: 2, stderr });
});

t.test('a secret on the command line is refused and not repeated', async (t) => {
  const cwd = t.testdir({ 'bearerd.yaml': valid });
  const { code, stdout, stderr } = await run(check, ['--client-secret', 'hunter23'], cwd);
  t.equal(code, 2);
  t.match(
    stdout,
    /^--client-secret: clientSecret: secrets are not taken from the command line.*--client-secret-file PATH/,
  );
  t.notMatch(stdout + stderr, /hunter23/);
});

t.test('config schema prints the JSON Schema; anything else is a mistake', async (t) => {
  t.same(await run(config, ['schema'], '/'), { code: 0, stdout: configSchema(providers), stderr: '' });
  t.match(await run(config, [], '/'), {
    code: 2,
    stderr: 'bearerd config: a word is missing; write bearerd config print|schema\n',
  });
  t.match(await run(config, ['schem'], '/'), {
    code: 2,
    stderr: "bearerd config: 'schem' is not known to config; did you mean schema?\n",
  });
});

t.test('--help shows the options with their variables, and never an option for a secret itself', async (t) => {
  for (const command of [check, config])
    t.match(await run(command, ['--help'], '/'), { code: 0, stdout: /Usage: bearerd/ });
  const { stdout } = await run(check, ['-h'], '/');
  t.match(stdout, /--client-secret-file PATH[\s\S]*\$BEARERD_CLIENT_SECRET_FILE/);
  t.notMatch(stdout, /--client-secret /);
});
