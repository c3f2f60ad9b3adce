import t from 'tap';
import { completion } from '../../src/cli/completion.ts';
import { completedCommands } from '../../src/cli/completion-words.ts';
import { commands } from '../../src/cli/options.ts';
import { testConsole } from './demo-console.ts';

async function script(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const { context, out, err } = testConsole(argv);
  return { code: await completion(context), out: out(), err: err() };
}

t.test('both scripts know every command and option of the one table, and no option that is refused', async (t) => {
  for (const shell of ['bash', 'zsh']) {
    const { code, out } = await script(shell);
    t.equal(code, 0);
    for (const { name, options } of commands) {
      const part = out.slice(out.indexOf(`\n    ${name})\n`));
      t.ok(part.startsWith(`\n    ${name})\n`), `${shell}: ${name}`);
      const words = new Set(part.slice(0, part.indexOf(';;\n    ', 10)).match(/--[a-z\d-]+/g));
      const missing = options.filter((option) => option.refused !== true && !words.has(`--${option.name}`));
      t.same(missing, [], `${shell}: ${name}`);
      const refused = options.filter((option) => option.refused === true && words.has(`--${option.name}`));
      t.same(refused, [], `${shell}: ${name} takes no secret`);
    }
  }
});

t.test('what may stand behind an option', async (t) => {
  const run = completedCommands().find(({ name }) => name === 'run');
  const value = (name: string) => run?.options.find((option) => option.name === name)?.value;
  t.equal(value('--config'), 'file');
  t.equal(value('--client-secret-file'), 'file');
  t.equal(value('--tls-ca'), 'file');
  t.same(value('--preset'), ['collibra', 'collaborate', 'none']);
  t.equal(value('--upstream'), 'any');
  t.equal(value('--insecure-http'), 'none');
  t.equal(value('--no-insecure-http'), undefined);
  t.equal(value('--no-tokens-eager'), 'none');
});

t.test('another shell is a mistake', async (t) => {
  t.match(await script('fish'), { code: 2, err: /'fish' is not known to completion/ });
});
