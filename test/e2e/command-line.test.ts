import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { binary, launchBearerd, repository, runBearerd } from '../support/bearerd-process.ts';
import { startUpstream } from '../support/upstream.ts';

// Interface section 2, and the command line's side of acceptance 9.

const mistakes = `upstream: htps://acme.example.com
presett: collibra
timeouts: { connect: soon }
credential:
  tokenEndpoint: https://idp.example.com/token
  clientId: my-app
  clientSecret: { flie: ./secret }
`;
const places = [
  /^bearerd\.yaml:1:11: upstream: .+[,;] .+/,
  /^bearerd\.yaml:2:1: presett: .+; did you mean 'preset'\?/,
  /^bearerd\.yaml:3:22: timeouts\.connect: .+[,;] .+/,
  /^bearerd\.yaml:7:19: credential\.clientSecret: .+; did you mean 'file'\?/,
];
const good = {
  upstream: 'https://acme.example.com',
  credential: { tokenEndpoint: 'https://idp.example.com/token', clientId: 'my-app', clientSecret: 'a secret' },
};

t.jobs = 2;

t.test('check prints every mistake with file, line, column, path and cure, and exits 2', async (t) => {
  const { code, stdout } = await runBearerd({ words: ['check'], files: { 'bearerd.yaml': mistakes } });
  t.equal(code, 2);
  const lines = stdout.trimEnd().split('\n');
  t.equal(lines.length, places.length, stdout);
  for (const [index, place] of places.entries()) t.match(lines[index], place);
});

t.test('run with the same mistakes prints the same lines, opens nothing and exits 2', async (t) => {
  const checked = await runBearerd({ words: ['check'], files: { 'bearerd.yaml': mistakes } });
  const child = launchBearerd({ config: mistakes });
  t.equal((await child.ended()).code, 2);
  t.equal(child.stderr, checked.stdout);
  t.equal(child.stdout, '');
});

t.test(
  'check of a good file exits 0 and says what it does; flags come before the environment, that before the file',
  async (t) => {
    const { code, stdout, stderr } = await runBearerd({
      words: ['check', '--upstream', 'https://from-the-flag.example.com'],
      files: { 'bearerd.yaml': good },
      env: { BEARERD_UPSTREAM: 'https://from-the-environment.example.com', BEARERD_PRESET: 'collibra' },
    });
    t.equal(code, 0, stderr);
    t.match(stdout, /is valid \(bearerd\.yaml\)/);
    t.match(stdout, 'https://from-the-flag.example.com (preset collibra');
  },
);

t.test('plain bearerd with flags is run; a file that is missing is a mistake', async (t) => {
  const { code, stderr } = await runBearerd({ words: ['--config', 'nowhere.yaml'] });
  t.equal(code, 2);
  t.match(stderr, /--config: .*nowhere\.yaml does not exist/);
});

t.test('a secret on the command line is refused and not repeated', async (t) => {
  const secret = 'visible-to-every-process';
  for (const words of [
    ['--client-secret', secret],
    [`--client-secret=${secret}`],
    ['--secret', secret],
    ['--token', secret],
  ]) {
    const { code, stdout, stderr } = await runBearerd({ words: ['run', ...words], files: { 'bearerd.yaml': good } });
    t.equal(code, 2);
    t.match(stderr, /-file/, 'says how it is done');
    t.notMatch(stdout + stderr, secret);
  }
});

t.test('unknown words: exit 2, on stderr, with the nearest known one', async (t) => {
  const cases: readonly [words: string[], answer: RegExp][] = [
    [['chekc'], /no command 'chekc'; did you mean check\?/],
    [['frobnicate'], /no command 'frobnicate'; bearerd --help lists them/],
    [['run', '--upstrem', 'https://x.example.com'], /--upstrem is not an option of run; did you mean --upstream\?/],
    [['check', 'now'], /'now' is one word too many/],
    [['config', 'shema'], /did you mean schema\?/],
    [['emulate', 'colibra'], /collibra/],
    [['demo', '--onec'], /--onec/],
  ];
  for (const [words, answer] of cases) {
    const { code, stdout, stderr } = await runBearerd({ words });
    t.equal(code, 2, words.join(' '));
    t.match(stderr, answer);
    t.equal(stdout, '');
  }
});

t.test('--help of the program and of each command: exit 0, on stdout', async (t) => {
  const commands = ['run', 'demo', 'check', 'emulate', 'config'];
  const general = await runBearerd({ words: ['--help'] });
  t.equal(general.code, 0);
  for (const command of commands) t.match(general.stdout, new RegExp(`^  ${command}\\b`, 'm'));
  for (const command of commands) {
    const { code, stdout, stderr } = await runBearerd({ words: [command, '--help'] });
    t.equal(code, 0, command);
    t.match(stdout, `bearerd ${command}`);
    t.equal(stderr, '');
  }
});

t.test('--version is that of package.json', async (t) => {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  t.same(await runBearerd({ words: ['--version'] }), { code: 0, stdout: `${version}\n`, stderr: '' });
});

t.test('config schema prints the schema that is shipped', async (t) => {
  const { code, stdout } = await runBearerd({ words: ['config', 'schema'] });
  t.equal(code, 0);
  t.equal(stdout, readFileSync(join(repository, 'config/schema.json'), 'utf8'));
});

t.test('the built file can be executed and starts with the line that finds Node', async (t) => {
  t.match(readFileSync(binary, 'utf8'), /^#!\/usr\/bin\/env node\n/);
});

t.test('a port that is taken: exit 1, and the message names the address and what to do', async (t) => {
  const taken = await startUpstream();
  t.teardown(taken.close);
  for (const address of [
    ['--listen', `127.0.0.1:${taken.port}`, '--admin', 'off'],
    ['--listen', '127.0.0.1:0', '--admin', `127.0.0.1:${taken.port}`],
  ]) {
    const { code, stderr } = await runBearerd({ words: ['run', ...address], files: { 'bearerd.yaml': good } });
    t.equal(code, 1, stderr);
    t.match(stderr, `127.0.0.1:${taken.port}`);
    t.match(stderr, /another address or port/);
    t.notMatch(stderr, /^\s+at /m, 'no stack');
  }
});
