import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import t from 'tap';
import { redact, rememberSecret, rememberSecrets } from '../../src/config/redaction.ts';
import { Secret } from '../../src/config/secret.ts';
import { BearerdError } from '../../src/errors.ts';
import type { Log } from '../../src/log.ts';

const node = process.execPath;
const env = { PATH: process.env['PATH'] };

function recordingLog(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const write = (fields: object, message: string) => lines.push(`${JSON.stringify(fields)} ${message}`);
  return { log: { trace: write, debug: write, info: write, warn: write, error: write }, lines };
}

t.test('a value, file, variable and command give their text without one trailing newline', async (t) => {
  const cwd = t.testdir({ unix: 'from file\n', windows: 'from file\r\n', two: 'from file\n\n' });
  t.equal(await new Secret({ kind: 'value', value: 'plain' }).read(), 'plain');
  t.equal(await new Secret({ kind: 'file', path: join(cwd, 'unix') }).read(), 'from file');
  t.equal(await new Secret({ kind: 'file', path: join(cwd, 'windows') }).read(), 'from file');
  t.equal(await new Secret({ kind: 'file', path: join(cwd, 'two') }).read(), 'from file\n');
  t.equal(await new Secret({ kind: 'env', name: 'X', env: { X: 'from env' } }).read(), 'from env');
  const argv = [node, '-e', 'console.log(process.cwd() === process.env.WHERE && process.env.X)'];
  t.equal(
    await new Secret({ kind: 'command', argv, env: { ...env, WHERE: cwd, X: 'from command' }, cwd }).read(),
    'from command',
  );
});

t.test('files are read and commands run again for each call, so rotation needs no restart', async (t) => {
  const cwd = t.testdir({ secret: 'first' });
  const file = new Secret({ kind: 'file', path: join(cwd, 'secret') });
  const argv = [node, '-p', 'require("fs").readFileSync("secret", "utf8")'];
  const command = new Secret({ kind: 'command', argv, env, cwd });
  t.same([await file.read(), await command.read()], ['first', 'first']);
  writeFileSync(join(cwd, 'secret'), 'second');
  t.same([await file.read(), await command.read()], ['second', 'second']);
});

t.test('what cannot be read is named, and says why', async (t) => {
  const cwd = t.testdir({ empty: '', folder: {} });
  const failing = (code: string) =>
    new Secret({ kind: 'command', argv: [node, '-e', code], env, cwd, timeoutMs: 2000 });
  const cases: [Secret, string][] = [
    [new Secret({ kind: 'file', path: join(cwd, 'gone') }), `The file ${join(cwd, 'gone')} does not exist.`],
    [new Secret({ kind: 'file', path: join(cwd, 'folder') }), `The file ${join(cwd, 'folder')} is a folder.`],
    [new Secret({ kind: 'file', path: join(cwd, 'empty') }), `The file ${join(cwd, 'empty')} is empty.`],
    [new Secret({ kind: 'env', name: 'GONE', env: {} }), 'The environment variable GONE is not set.'],
    [
      failing('console.log("hunter22"); console.error("hunter22"); process.exit(3)'),
      `The command ${node} ended with exit code 3.`,
    ],
    [failing('setTimeout(() => {}, 60000)'), `The command ${node} did not end within 2 s.`],
    [
      new Secret({ kind: 'command', argv: ['./gone', 'hunter22'], env, cwd }),
      'The command ./gone could not be run (ENOENT).',
    ],
  ];
  for (const [secret, message] of cases) {
    await t.rejects(secret.read(), { message, code: 'BEARERD_SECRET_UNREADABLE' });
  }
  t.throws(() => new Secret({ kind: 'file', path: join(cwd, 'gone') }).facts(), BearerdError);
});

t.test("a command's standard error goes to the log, without known secrets", async (t) => {
  const { log, lines } = recordingLog();
  rememberSecret('known-by-now');
  const argv = [node, '-e', 'console.error("careful: known-by-now printed-too"); console.log("printed-too")'];
  await new Secret({ kind: 'command', argv, env, cwd: '/' }).read(log);
  t.equal(lines.length, 1);
  t.match(lines[0], /secret_command_stderr.* careful: ‹secret› ‹secret›$/);
});

t.test('a secret is never printed by accident', async (t) => {
  const secret = new Secret({ kind: 'value', value: 'hunter22' });
  for (const text of [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9, showHidden: true }),
    String(secret),
  ]) {
    t.match(text, /‹secret›/);
    t.notMatch(text, /hunter22/);
  }
});

t.test('the fingerprint tells sources apart and shows no secret', async (t) => {
  const of = (...sources: ConstructorParameters<typeof Secret>) => new Secret(...sources).fingerprint;
  const all = [
    of({ kind: 'value', value: 'hunter22' }),
    of({ kind: 'value', value: 'hunter23' }),
    of({ kind: 'file', path: '/a' }),
    of({ kind: 'env', name: 'A', env: {} }),
    of({ kind: 'command', argv: ['a', 'hunter22'], env: {}, cwd: '/' }),
    of({ kind: 'command', argv: ['a', 'hunter23'], env: {}, cwd: '/' }),
  ];
  t.equal(new Set(all).size, all.length);
  t.notMatch(all.join(' '), /hunter2/);
  t.equal(of({ kind: 'value', value: 'hunter22' }), all[0], 'the same secret has the same fingerprint');
});

t.test('facts for checks: length and kind of key, and nothing of a command', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();
  t.same(new Secret({ kind: 'value', value: 'ü' }).facts(), {
    bytes: 2,
    pem: false,
    privateKey: undefined,
    scheme: '',
  });
  t.match(new Secret({ kind: 'value', value: rsa }).facts(), { pem: true, privateKey: { type: 'rsa', bits: 2048 } });
  t.match(new Secret({ kind: 'value', value: '-----BEGIN X-----' }).facts(), { pem: true, privateKey: undefined });
  t.equal(new Secret({ kind: 'command', argv: ['x'], env: {}, cwd: '/' }).facts(), undefined);
});

t.test('every spelling of a secret is taken out of what others say', async (t) => {
  const cwd = t.testdir({ secret: 'of/a file+%ü"?>~' });
  const secret = await new Secret({ kind: 'file', path: join(cwd, 'secret') }).read();
  const spellings = [
    secret,
    new URLSearchParams({ s: secret }).toString().slice(2),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    JSON.stringify(secret).slice(1, -1),
  ];
  t.equal(new Set(spellings).size, spellings.length, 'a secret whose spellings all differ');
  for (const text of spellings) t.equal(redact(`a ${text} b`), 'a ‹secret› b', text);
});

t.test('of a PEM each line is known; what is shorter than four characters is not replaced', async (t) => {
  const pem =
    '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----';
  rememberSecret(pem);
  rememberSecret('abc');
  t.equal(redact('it says qhkiG9w0BAQEFAASCBKcwggSj abc'), 'it says ‹secret› abc');
});

t.test('the longer of two secrets is replaced first', async (t) => {
  rememberSecret('longword');
  rememberSecret('longword-and-more');
  t.equal(redact('longword-and-more'), '‹secret›');
});

t.test('the command gets no standard input to wait for', async (t) => {
  const secret = new Secret({ kind: 'command', argv: ['cat'], env, cwd: '/', timeoutMs: 5000 });
  await t.rejects(secret.read(), { message: 'The command cat is empty.' });
});

t.test('a secret that is removed and put back is read again', async (t) => {
  const cwd = t.testdir({ secret: 'one' });
  const secret = new Secret({ kind: 'file', path: join(cwd, 'secret') });
  await secret.read();
  rmSync(join(cwd, 'secret'));
  await t.rejects(secret.read(), { code: 'BEARERD_SECRET_UNREADABLE' });
  execFileSync(node, ['-e', `require('fs').writeFileSync(${JSON.stringify(join(cwd, 'secret'))}, 'two\\n')`]);
  t.equal(await secret.read(), 'two');
});

t.test('several at once; the oldest are forgotten when thousands have piled up', async (t) => {
  rememberSecrets(['first-of-many', 'second-of-many']);
  t.equal(redact('first-of-many second-of-many'), '‹secret› ‹secret›');
  rememberSecrets(Array.from({ length: 2000 }, (_, index) => `rotated-${index}`));
  t.equal(redact('first-of-many rotated-1999'), 'first-of-many ‹secret›');
});
