import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { redact } from '../../src/config/secret.ts';
import { command } from '../../src/provider/command.ts';
import { configure, make, obtain, refused, testContext } from './support.ts';

const node = (program: string, ...more: string[]) => [process.execPath, '-e', program, ...more];
const printing = (text: string) => node(`process.stdout.write(${JSON.stringify(text)})`);
const e = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const later = new Date(Date.now() + 3_600_000).toISOString();

t.test('a bare token, JSON with an end, an ExecCredential', async (t) => {
  const bare = await obtain(make(command, { command: printing('printed-token-1\n'), defaultLifetime: '2m' }));
  t.match(bare, { value: 'printed-token-1', lifetimeMs: 120_000, lifetimeSource: 'default' });
  const json = await obtain(make(command, { command: printing('{"access_token":"printed-token-2","expires_in":60}') }));
  t.equal(json.value, 'printed-token-2');
  t.ok(
    json.lifetimeMs !== undefined && json.lifetimeMs <= 60_000 && json.lifetimeMs > 30_000,
    'from the start of the command',
  );
  const credential = {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'printed-token-3', expirationTimestamp: later },
  };
  const exec = await obtain(make(command, { command: printing(JSON.stringify(credential, null, 2)) }));
  t.equal(exec.requestedAtMs + (exec.lifetimeMs ?? 0), Date.parse(later));
  const jwt = `${e({ alg: 'RS256' })}.${e({ exp: Math.floor(Date.now() / 1000) + 90 })}.c2ln`;
  const signed = await obtain(make(command, { command: printing(jwt) }));
  t.equal(signed.lifetimeSource, 'jwt_exp');
});

t.test('no shell; the environment of the configuration, and what a kubectl plugin wants to see', async (t) => {
  const program = `
    const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    process.stdout.write([process.argv[1], info.kind, info.spec.interactive, process.stdin.isTTY ?? false].join('|'));`;
  const token = await obtain(make(command, { command: node(program, '$HOME;a*') }));
  t.equal(token.value, '$HOME;a*|ExecCredential|false|false');
});

t.test('a non-zero exit is transient, with the last line of its complaint and without what it printed', async (t) => {
  const context = testContext();
  const program = `
    process.stdout.write('printed-secret-0123456789');
    process.stderr.write('warming up\\nnot signed in: printed-secret-0123456789\\u001b[31m\\n');
    process.exitCode = 3;`;
  const error = await refused(make(command, { command: node(program) }, context));
  t.match(error.failure, { kind: 'transient', reason: 'command_failed' });
  t.equal(error.message, `The command ${process.execPath} ended with exit code 3: "not signed in: ‹secret› [31m".`);
  t.match(error.occurrence.action, /Run the command by hand/);
  t.match(context.lines, [
    { level: 'warn', fields: { event: 'token_command_stderr' }, message: /warming up not signed in/ },
  ]);
  t.notMatch(JSON.stringify(context.lines), 'printed-secret');
  t.notMatch(`${error.stack}`, 'printed-secret');
});

t.test('a complaint beside a token goes to the log, the token taken out of it', async (t) => {
  const context = testContext();
  const program = `process.stderr.write('got beside-token-0123456789'); process.stdout.write('beside-token-0123456789')`;
  await obtain(make(command, { command: node(program) }, context));
  t.match(context.lines, [{ message: /says "got ‹secret›"/ }]);
});

t.test('words that a failing command prints do not become secrets', async (t) => {
  await refused(make(command, { command: node(`process.stdout.write('error'); process.exitCode = 1`) }));
  t.equal(redact('an error'), 'an error');
});

t.test('the time-out kills what the command has started, too', async (t) => {
  const marker = join(t.testdir(), 'marker');
  // The child of the child would write the marker after the time-out, and holds the pipes open.
  const grandchild = `setTimeout(() => require('node:fs').writeFileSync(${JSON.stringify(marker)}, 'alive'), 1500)`;
  const program = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' });
    process.stderr.write('pid ' + child.pid);
    setInterval(() => {}, 1000);`;
  const error = await refused(make(command, { command: node(program), timeout: '700ms' }));
  t.match(error.failure, { kind: 'transient', reason: 'timeout' });
  t.match(error.message, /did not end within 0.7 s/);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  t.notOk(existsSync(marker), 'the child of the child is gone');
});

t.test('an abort ends it at once; nothing is begun for who has left', async (t) => {
  const marker = join(t.testdir(), 'marker');
  const controller = new AbortController();
  const program = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, ''); setInterval(() => {}, 1000)`;
  const provider = make(command, { command: node(program) });
  const failing = refused(provider, controller.signal);
  while (!existsSync(marker)) await new Promise((resolve) => setTimeout(resolve, 20));
  controller.abort();
  t.equal((await failing).failure.reason, 'aborted');
  t.match((await refused(provider, controller.signal)).message, /was not run/);
});

t.test('a background child that holds the pipes open does not hold up the token', async (t) => {
  const program = `
    require('node:child_process').spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5000)'], { stdio: 'inherit', detached: true }).unref();
    process.stdout.write('printed-token-4');`;
  const started = performance.now();
  t.equal((await obtain(make(command, { command: node(program), timeout: '30s' }))).value, 'printed-token-4');
  t.ok(performance.now() - started < 4_500);
});

t.test('what cannot be run, ends by a signal, prints too much or nothing', async (t) => {
  const failures: readonly (readonly [readonly string[], RegExp])[] = [
    [['/nowhere/at-all'], /does not exist/],
    [[t.testdir()], /could not be run \(EACCES\)/],
    // no node, because tap's hooks in it end a signalled process in their own way
    [['/bin/sh', '-c', 'kill -TERM $$'], /was ended by SIGTERM/],
    [node(`process.stdout.write('x'.repeat(2 ** 21))`), /printed more than 1 MiB/],
    [node(''), /characters that cannot be in a header/],
  ];
  for (const [argv, words] of failures) t.match((await refused(make(command, { command: argv }))).message, words);
});

t.test('an expired token is not taken', async (t) => {
  const error = await refused(make(command, { command: printing('{"token":"x","expiry":"2020-01-01T00:00:00Z"}') }));
  t.match(error.failure, { kind: 'transient', reason: 'expired_token' });
});

t.test('mistakes; a command in one line with commas', async (t) => {
  const problems = (written: unknown) => configure(command, { command: written }).problems.join();
  t.match(problems([]), /command: names no program; write command: \[gcloud, auth, print-access-token\]/);
  t.match(problems({ a: 'b' }), /has to be a program with its arguments as a list, not a group of keys/);
  t.match(problems([['a']]), /names no program/);
  const { options } = configure(command, { command: 'gcloud, auth,print-access-token' });
  t.same(options?.command.argv, ['gcloud', 'auth', 'print-access-token']);
  t.notMatch(JSON.stringify(options), 'PATH', 'the environment is no part of the options');
  t.ok(readFileSync('docs/configuration.md', 'utf8').includes('--command'));
});
