import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Secret } from '../../src/config/secret.ts';
import { createSecretReader } from '../../src/provider/secret-reader.ts';
import { testContext } from './support.ts';

class Broken extends Secret {
  override async read(): Promise<string> {
    throw new Error('words that may hold the secret');
  }
}

t.test('a source that fails in an unforeseen way is not quoted', async (t) => {
  const secret = new Broken({ kind: 'value', value: 'abcd' });
  await t.rejects(createSecretReader(testContext().log).read(secret), {
    message: 'No token was asked for. A secret could not be read.',
    failure: { kind: 'transient', reason: 'secret_unreadable' },
  });
});

t.test('what a secret command writes to its standard error goes to the log', async (t) => {
  const context = testContext();
  const argv = [process.execPath, '-e', 'process.stderr.write("warming up"); process.stdout.write("s3cret\\n")'];
  const secret = new Secret({ kind: 'command', argv, env: process.env, cwd: '.' });
  t.equal(await createSecretReader(context.log).read(secret), 's3cret');
  t.match(context.lines, [{ level: 'warn', message: 'warming up' }]);
});

t.test('wire facts 4.3: a file with another content has changed; a command is not run for it', async (t) => {
  const folder = t.testdir({ secret: 'first-secret\n', gone: 'here-at-first' });
  const file = new Secret({ kind: 'file', path: join(folder, 'secret') });
  const reader = createSecretReader(testContext().log);
  t.equal(await reader.changed(), false, 'nothing was read yet');
  await reader.read(file);
  t.equal(await reader.changed(), false);
  writeFileSync(join(folder, 'secret'), 'first-secret');
  t.equal(await reader.changed(), false, 'the newline is not part of the secret');
  writeFileSync(join(folder, 'secret'), 'second-secret');
  t.equal(await reader.changed(), true);
  await reader.read(file);
  t.equal(await reader.changed(), false, 'read again since');
  rmSync(join(folder, 'secret'));
  t.equal(await reader.changed(), false, 'a file that cannot be read has nothing new');
  await t.rejects(reader.read(file));
  writeFileSync(join(folder, 'secret'), 'second-secret');
  t.equal(await reader.changed(), true, 'it can be read again');

  const marker = join(folder, 'marker');
  const argv = [process.execPath, '-e', `require("fs").appendFileSync(${JSON.stringify(marker)},"x");console.log("s")`];
  const command = createSecretReader(testContext().log);
  await command.read(new Secret({ kind: 'command', argv, env: process.env, cwd: '.' }));
  t.equal(await command.changed(), false);
  t.equal(readFileSync(marker, 'utf8'), 'x', 'run once, for the token request');
});
