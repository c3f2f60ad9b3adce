import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { binary } from '../support/bearerd-process.ts';
import { must } from './support/program.ts';

// Issue 9: completions, verified by the shells themselves.

/** The script for a shell, in a file that the shell finds. */
async function script(t: Test, shell: 'bash' | 'zsh'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-completion-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, '_bearerd');
  writeFileSync(file, await must(process.execPath, [binary, 'completion', shell]));
  writeFileSync(join(folder, 'my-file.yaml'), '');
  return file;
}

t.test('bash: compgen gives what fits, for words in every place', async (t) => {
  const file = await script(t, 'bash');
  await must('bash', ['-n', file]);
  t.equal(await must('bash', ['--norc', '-c', `source ${file}; complete -p bearerd`]), 'complete -F _bearerd bearerd');
  const folder = join(file, '..');
  const cases: readonly (readonly [words: readonly string[], expected: string | RegExp])[] = [
    [['heal'], 'healthcheck'],
    [[''], /^run\ndemo\ncheck\n[\s\S]*\ncompletion\nhelp$/],
    [['--vers'], '--version'],
    [['--preset', 'coll'], 'collibra\ncollaborate'],
    [['run', '--preset', '=', 'colla'], 'collaborate'],
    [['run', '--preset', '='], 'collibra\ncollaborate\nnone'],
    [['run', '--client-secret'], '--client-secret-file'],
    [['run', '--upstream', ''], ''],
    [['run', '--config', `${folder}/my`], `${folder}/my-file.yaml`],
    [['config', ''], /^print\nschema\n--why\n/],
    [['config', 'sc'], 'schema'],
    [['config', 'print', ''], ''],
    [['emulate', 'coll'], 'collibra\ncollaborate'],
    [['token', '--raw', '--dec'], '--decode'],
    [['exec', '--config', 'x', '--', 'compgen-is-no-prog'], ''],
    [['exec', '--', 'bas'], /^bash$/m],
    [['exec', '--', 'cat', `${folder}/my`], `${folder}/my-file.yaml`],
  ];
  for (const [words, expected] of cases) {
    const line = `source ${file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _bearerd; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const said = await must('bash', ['--norc', '-c', line, 'bash', 'bearerd', ...words]);
    if (typeof expected === 'string') t.equal(said, expected, words.join(' '));
    else t.match(said, expected, words.join(' '));
  }
});

/** Prints what each line becomes when Tab is pressed at its end; $1 is the script, the lines follow. */
const pressTab = `
zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z "PS1=; unsetopt beep; autoload -Uz compinit; compinit -D -u; source $1; LISTMAX=0"
zpty -w z "dump() { print -r -- \\"<<\\$BUFFER>>\\"; BUFFER=; }; zle -N dump; bindkey '^X' dump; bindkey '^I' complete-word"
zpty -w z "print -r -- 'READ''Y'"
shift
zpty -r -m z out '*READY*' || exit 1
for line; do
  zpty -n -w z "$line"$'\\t'
  zpty -n -w z $'\\x18'
  zpty -r -m z out '*<<*>>*' || exit 1
  print -r -- "\${\${out##*<<}%%>>*}"
done
zpty -d z
`;

t.test('zsh: the line after Tab', async (t) => {
  const file = await script(t, 'zsh');
  await must('zsh', ['-n', file]);
  const folder = join(file, '..');
  const cases: readonly (readonly [line: string, completed: string])[] = [
    ['bearerd heal', 'bearerd healthcheck '],
    ['bearerd --vers', 'bearerd --version '],
    ['bearerd --upst', 'bearerd --upstream='],
    ['bearerd healthcheck --re', 'bearerd healthcheck --ready '],
    ['bearerd run --preset collib', 'bearerd run --preset collibra '],
    ['bearerd run --preset=collab', 'bearerd run --preset=collaborate '],
    ['bearerd run --client-secret', 'bearerd run --client-secret-file='],
    [`bearerd run --config ${folder}/my`, `bearerd run --config ${folder}/my-file.yaml `],
    ['bearerd config sch', 'bearerd config schema '],
    ['bearerd emulate id', 'bearerd emulate idp '],
    [`bearerd exec --config x -- cat ${folder}/my`, `bearerd exec --config x -- cat ${folder}/my-file.yaml `],
  ];
  const lines = cases.map(([line]) => line);
  const said = await must('zsh', ['-f', '-c', pressTab, 'zsh', file, ...lines]);
  t.same(
    said.split('\n').map((line) => line.trim()),
    cases.map(([, completed]) => completed.trim()),
  );
});
