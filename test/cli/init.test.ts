import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { check } from '../../src/cli/check.ts';
import { init } from '../../src/cli/init.ts';
import { starterFile } from '../../src/cli/starter-file.ts';
import { testConsole } from './demo-console.ts';

const flags = [
  ...['--preset', 'collibra', '--upstream', 'https://acme.collibra.com'],
  ...['--token-endpoint', 'https://idp.example.com/token', '--client-id', 'my-app'],
  ...['--client-secret-file', './secret'],
];

async function run(cwd: string, argv: readonly string[], answers?: readonly string[]) {
  const { context, out, err } = testConsole(argv);
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const running = init({ ...context, cwd, stdin, isTerminal: answers !== undefined });
  let seen = 0;
  for (const answer of answers ?? []) {
    // like a person: after the next question, which ends with a colon
    while (err().length === seen || !err().endsWith(': ')) await new Promise((resolve) => setTimeout(resolve, 2));
    seen = err().length;
    stdin.write(`${answer}\n`);
  }
  stdin.end();
  const code = await running;
  return { code, out: out(), err: err() };
}

async function checked(cwd: string, file = 'bearerd.yaml') {
  const { context, out, err } = testConsole(['--config', file]);
  return { code: await check({ ...context, cwd }), said: out() + err() };
}

function modeOf(cwd: string, file = 'bearerd.yaml'): number {
  return statSync(join(cwd, file)).mode & 0o777;
}

t.test('from flags: a file that check accepts', async (t) => {
  const cwd = t.testdir({ secret: 's' });
  t.match(await run(cwd, flags), { code: 0, out: 'bearerd.yaml is written\n', err: /^next: bearerd check/ });
  t.match(await checked(cwd), { code: 0 });
  t.match(
    readFileSync(join(cwd, 'bearerd.yaml'), 'utf8'),
    /^clientSecret|clientSecret: \{ file: \.\/secret \} +# read again/m,
  );
  t.equal(modeOf(cwd) & 0o077, 0o044, 'no secret in it');
});

t.test('a file that is there is never overwritten', async (t) => {
  const cwd = t.testdir({ secret: 's', 'bearerd.yaml': 'mine' });
  t.match(await run(cwd, flags), { code: 2, err: /bearerd\.yaml exists already; write --output/ });
  t.equal(readFileSync(join(cwd, 'bearerd.yaml'), 'utf8'), 'mine');
  t.match(await run(cwd, [...flags, '--output', 'other.yaml']), { code: 0 });
  t.match(await checked(cwd, 'other.yaml'), { code: 0 });
});

t.test('without a terminal everything has to be given', async (t) => {
  const cwd = t.testdir({});
  t.match(await run(cwd, ['--preset', 'collibra', '--client-id', 'x']), {
    code: 2,
    err: 'bearerd init: without a terminal it needs --upstream, --token-endpoint, --client-secret-file\n',
  });
  t.match(await run(cwd, ['--key', 'x', '--upstream', 'https://a.example']), {
    code: 2,
    err: /it needs --secret-file\n/,
  });
  t.match(await run(cwd, ['--preset', 'colibra']), {
    code: 2,
    err: /--preset has to be one of collibra, collaborate, none/,
  });
  t.same(readdirSync(cwd), []);
});

t.test('mistakes: they are told and nothing is written; a secret that is not there yet is none', async (t) => {
  const cwd = t.testdir({});
  const wrong = flags.map((word) => word.replace('https://acme', 'http://acme'));
  t.match(await run(cwd, wrong), { code: 2, err: /upstream: is plain http beyond loopback[\s\S]*nothing was written/ });
  t.same(readdirSync(cwd), []);
  t.match(await run(cwd, flags), {
    code: 0,
    err: /^still to do: the file .*secret does not exist; write the secret there\n/,
  });
});

t.test('a path counts from the working directory, in the file from its folder', async (t) => {
  const cwd = t.testdir({ secret: 's', conf: {} });
  t.match(await run(cwd, [...flags, '--output', 'conf/b.yaml']), { code: 0 });
  t.match(readFileSync(join(cwd, 'conf/b.yaml'), 'utf8'), 'file: ../secret');
  t.match(await checked(cwd, 'conf/b.yaml'), { code: 0 });
});

t.test(
  'on a terminal: asks for what is needed, again where an answer cannot be; 0600 with a secret in it',
  async (t) => {
    const cwd = t.testdir({});
    const answers = [
      'collibra',
      'acme.collibra.com',
      'https://acme.collibra.com',
      'https://idp.example.com/t',
      '',
      'my-app',
      '',
      'hidden: [1]',
    ];
    const { code, out, err } = await run(cwd, [], answers);
    t.equal(code, 0, err);
    t.equal(out, 'bearerd.yaml is written; it holds a secret, so only you can read it\n');
    t.match(err, /What is the API .*\[collibra\]: [\s\S]*write an absolute URL[\s\S]*an answer is needed/);
    t.notMatch(err, 'hidden', 'the secret is not shown');
    t.equal(modeOf(cwd), 0o600);
    t.match(await checked(cwd), { code: 0 });
  },
);

t.test('on a terminal: Collaborate, with its usual address and a file', async (t) => {
  const cwd = t.testdir({ secret: 'a-secret-of-at-least-32-characters-!' });
  t.match(await run(cwd, ['--key', 'k'], ['collaborate', '', './secret']), { code: 0 });
  const { code, said } = await checked(cwd);
  t.equal(code, 0);
  t.match(said, '/ → https://us.bbcollab.com/collab/api/csa (preset collaborate');
});

t.test('the input ends before all is answered: exit 2, nothing is written', async (t) => {
  const cwd = t.testdir({});
  t.match(await run(cwd, [], ['collibra']), { code: 2, err: /bearerd init: the input has ended\n$/ });
  t.same(readdirSync(cwd), []);
});

t.test('odd characters survive', async (t) => {
  for (const value of ['12345', 'a: b # c', `$${'{X}'}`, 'it\'s "quoted"', '*alias', '{x}', 'yes', ' ', 'a\tb']) {
    const cwd = t.testdir({});
    await run(cwd, flags.slice(0, 8), ['', value === ' ' ? 'x' : value]);
    t.match(await checked(cwd), { code: 0 }, value);
  }
  const text = starterFile({
    file: 'x',
    preset: 'none',
    upstream: 'https://a.example',
    id: 'a',
    tokenEndpoint: 'https://b.example',
    secret: { kind: 'value', value: `a$${'{b}'}` },
  });
  t.ok(text.includes(`clientSecret: "a$\${b}"`), text);
});
