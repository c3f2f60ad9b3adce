import t from 'tap';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { commandHelp, generalHelp } from '../../src/cli/help.ts';
import { commandEntry, commands } from '../../src/cli/options.ts';

const run = commandEntry('run');

t.test('what is right on a command line', async (t) => {
  const cases: [readonly string[], Readonly<Record<string, string | boolean>>][] = [
    [['--upstream', 'https://a'], { upstream: 'https://a' }],
    [['--upstream=https://a=b'], { upstream: 'https://a=b' }],
    [['--insecure-http'], { 'insecure-http': true }],
    [['--no-tokens-eager'], { 'tokens-eager': false }],
    [['--tokens-eager=false'], { 'tokens-eager': false }],
    [['--tokens-eager=true'], { 'tokens-eager': true }],
    [['--listen', '1', '--listen=2'], { listen: '1,2' }],
    [['--timeouts-connect', '-5'], { 'timeouts-connect': '-5' }],
    [['--client-secret-file', './s'], { 'client-secret-file': './s' }],
  ];
  for (const [argv, flags] of cases)
    t.match(parseCommandLine(run, argv), { flags, problems: [], operands: [] }, argv.join(' '));
});

t.test('what is wrong on a command line', async (t) => {
  const cases: [readonly string[], string][] = [
    [['--upsteam', '--once'], '--upsteam is not an option of run; did you mean --upstream?'],
    [['--zzzzzzzzz'], '--zzzzzzzzz is not an option of run; bearerd run --help lists them'],
    [['--upstream'], '--upstream needs a value; write --upstream URL'],
    [['--upstream='], '--upstream needs a value; write --upstream URL'],
    [['--upstream', '--preset', 'none'], '--upstream needs a value; write --upstream URL'],
    [['--insecure-http=yes'], '--insecure-http takes no value; write --insecure-http or --no-insecure-http'],
    [['--upstream=a', '--upstream=b'], '--upstream is given twice; keep one of them'],
    [['start'], "'start' is one word too many; run takes only options"],
    [['--no-upstream'], '--no-upstream is not an option of run; did you mean --upstream?'],
  ];
  for (const [argv, problem] of cases) t.equal(parseCommandLine(run, argv).problems[0], problem, argv.join(' '));
});

t.test("a command's own options stay apart from those of the configuration", async (t) => {
  const line = parseCommandLine(run, ['--config', 'x.yaml', '--cookies', 'keep']);
  t.same(line.options, { config: 'x.yaml' });
  t.same(line.flags, { cookies: 'keep' });
  t.match(parseCommandLine(commandEntry('demo'), ['--once', '--port', '0']), {
    options: { once: true, port: '0' },
    problems: [],
  });
  t.match(parseCommandLine(commandEntry('emulate'), ['idp']), { operands: ['idp'], problems: [] });
  t.match(parseCommandLine(commandEntry('emulate'), ['--help']), { options: { help: true }, problems: [] });
});

t.test('every command is in the help, no line is wider than 100 characters', async (t) => {
  for (const command of commands) {
    t.match(generalHelp(), `  ${command.name} `);
    const long = commandHelp(command)
      .split('\n')
      .filter((line) => line.length > 100);
    t.same(long, [], command.name);
  }
  t.throws(() => commandEntry('dance'));
});
