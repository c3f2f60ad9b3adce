import t from 'tap';
import { formatProblem, type Input, mapInput, type ParseContext, textInput } from '../../src/config/input.ts';
import { oneOf } from '../../src/config/option/choice.ts';
import { object } from '../../src/config/option/group.ts';
import { list } from '../../src/config/option/list.ts';
import { integer } from '../../src/config/option/number.ts';
import { duration, size } from '../../src/config/option/quantity.ts';
import { record } from '../../src/config/option/record.ts';
import { secret } from '../../src/config/option/secret.ts';
import { boolean } from '../../src/config/option/switch.ts';
import { string } from '../../src/config/option/text.ts';
import { url } from '../../src/config/option/url.ts';
import type { ProviderDefinition } from '../../src/config/provider-definition.ts';
import { type Infer, invalid, type Shape } from '../../src/config/shape.ts';

const flag = { kind: 'flag', name: '--x' } as const;

function toInput(value: unknown): Input {
  if (Array.isArray(value)) return { kind: 'list', origin: flag, items: value.map(toInput) };
  if (typeof value === 'object' && value !== null) {
    return mapInput(Object.fromEntries(Object.entries(value).map(([k, v]) => [k, toInput(v)])), flag);
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return { kind: 'scalar', origin: flag, value, shown: String(value), loose: false };
  }
  return { kind: 'scalar', origin: flag, value: null, shown: 'null', loose: false };
}

function parse(shape: Shape<unknown>, value: unknown): { value: unknown; problems: string[] } {
  const context: ParseContext = { env: { SET: 'enough', EMPTY: '' }, cwd: '/', problems: [] };
  const parsed = shape.parse(toInput(value), 'x', context);
  return { value: parsed, problems: context.problems.map(formatProblem) };
}

const doc = 'Doc.';

t.test('values that are right', async (t) => {
  const cases: [string, Shape<unknown>, unknown, unknown][] = [
    ['string', string({ doc }), 'a', 'a'],
    ['integer', integer({ doc, minimum: 1 }), 3, 3],
    ['boolean', boolean({ doc }), false, false],
    ['milliseconds', duration({ doc }), '500ms', 500],
    ['seconds', duration({ doc }), '30s', 30_000],
    ['bare seconds', duration({ doc }), 2, 2000],
    ['minutes', duration({ doc }), '5m', 300_000],
    ['hours', duration({ doc }), '2h', 7_200_000],
    ['KiB', size({ doc }), '64KiB', 65_536],
    ['MiB', size({ doc }), '1MiB', 1_048_576],
    ['bare bytes', size({ doc }), 10, 10],
    ['word', oneOf(['a', 'b'], { doc }), 'b', 'b'],
    ['list', list(string({ doc }), { doc }), ['a,b', 'c'], ['a,b', 'c']],
    ['comma string', list(string({ doc }), { doc }), 'a, b', ['a', 'b']],
    ['space string', list(string({ doc }), { doc, spaces: true }), 'a b', ['a', 'b']],
    ['one text', list(string({ doc }), { doc }), 'a', ['a']],
    [
      'PEM with a comma',
      list(string({ doc }), { doc }),
      'O=a, C=b\n-----BEGIN X-----',
      ['O=a, C=b\n-----BEGIN X-----'],
    ],
    ['both limits', list(duration({ doc, minimum: '1s', maximum: '300s' }), { doc }), [1, '300s'], [1000, 300_000]],
    ['record', record(string({ doc }), { doc }), { a: 'b' }, { a: 'b' }],
    ['pairs', record(string({ doc }), { doc }), 'a=b,c=d=e', { a: 'b', c: 'd=e' }],
    ['url', url({ doc }), 'https://a.example/b', 'https://a.example/b'],
    ['url with query', url({ doc, query: 'allowed' }), 'https://a.example/b?c', 'https://a.example/b?c'],
  ];
  for (const [name, shape, written, value] of cases) t.same(parse(shape, written), { value, problems: [] }, name);
});

t.test('values that are wrong say what is wrong and what to write', async (t) => {
  const ttl = duration({ doc, default: '240s', minimum: '1s', maximum: '300s', cure: 'write 240s' });
  const cases: [Shape<unknown>, unknown, string][] = [
    [string({ doc }), 5, "--x: x: has to be a string, not the number 5; put it in quotes: '5'"],
    [string({ doc, example: 'b' }), '', '--x: x: is empty; write b, or leave the key out'],
    [string({ doc }), null, '--x: x: has no value; write a string, or leave the key out'],
    [integer({ doc }), 'a', "--x: x: has to be a whole number, not the text 'a'; write a number, for example x: 1"],
    [integer({ doc, maximum: 5 }), 6, '--x: x: has to be at most 5, not 6; write 5 or less'],
    [boolean({ doc }), 'yes', "--x: x: has to be true or false, not the text 'yes'; write x: true or x: false"],
    [
      duration({ doc }),
      '5 days',
      "--x: x: has to be a duration, not the text '5 days'; write 500ms, 30s, 5m or 2h (a bare number is seconds)",
    ],
    [ttl, '301s', '--x: x: has to be at most 5m, not 301s; write 240s'],
    [ttl, 0, '--x: x: has to be at least 1s, not 0s; write 240s'],
    [
      oneOf(['collibra', 'none'], { doc }),
      'colibra',
      "--x: x: has to be one of collibra, none, not the text 'colibra'; did you mean 'collibra'?",
    ],
    [
      oneOf(['a'], { doc, unavailable: ['b'] }),
      'b',
      "--x: x: 'b' is not available in this version yet; write one of a",
    ],
    [list(string({ doc }), { doc }), { a: 1 }, '--x: x: has to be a list, not a group of keys; write x: […]'],
    [
      list(integer({ doc }), { doc }),
      [1, 'z'],
      "--x: x[1]: has to be a whole number, not the text 'z'; write a number, for example x[1]: 1",
    ],
    [
      record(string({ doc }), { doc }),
      { a: 1 },
      "--x: x.a: has to be a string, not the number 1; put it in quotes: '1'",
    ],
    [
      url({ doc }),
      'a.example/b',
      '--x: x: is not an absolute URL; write the scheme too, for example https://a.example/b',
    ],
    [
      record(string({ doc }), { doc }),
      'abc',
      "--x: x: has to be names with values, not the text 'abc'; write x: { name: value }",
    ],
    [
      object({ a: string({ doc }) }, { doc }),
      3,
      '--x: x: has to be a group of keys, not the number 3; write x: { a: … }',
    ],
    [url({ doc }), 'ftp://a', '--x: x: has the scheme ftp; write an https:// URL'],
    [
      url({ doc }),
      'https://u:p@a',
      '--x: x: contains a user name or password; remove what stands before the @; secrets have their own keys',
    ],
    [url({ doc }), 'https://a/#b', '--x: x: has a fragment; remove the # and what follows'],
    [url({ doc }), 'https://a/?b', '--x: x: has a query; remove the ? and what follows'],
    [secret({ doc }), '', '--x: x: the value is empty; write the secret there, or name another source'],
    [
      secret({ doc }),
      { env: 'EMPTY' },
      '--x: x: the environment variable EMPTY is empty; write the secret there, or name another source',
    ],
    [
      secret({ doc }),
      { env: 'NOT' },
      '--x: x: the environment variable NOT is not set; write the secret there, or name another source',
    ],
    [
      secret({ doc }),
      { file: '/no/such' },
      '--x: x: the file /no/such does not exist; write the secret there, or name another source',
    ],
    [secret({ doc }), { fil: 'x' }, "--x: x: has a key that is not file, env or command; did you mean 'file'?"],
  ];
  for (const [shape, written, problem] of cases) t.same(parse(shape, written), { value: invalid, problems: [problem] });
});

t.test('objects: defaults, required keys, unknown keys, keys of a later version, rules between keys', async (t) => {
  const shape = object(
    {
      a: string({ doc, required: true, example: 'text' }),
      timeout: duration({ doc, default: '10s' }),
      scope: string({ doc }),
    },
    {
      doc,
      unavailable: ['http2'],
      check: (value, report) => {
        if (value.a === value.scope) report('scope', 'is the same as a', 'write another');
      },
    },
  );
  const typed: Infer<typeof shape> = { a: 'x', timeout: 1, scope: undefined };
  t.equal(typed.timeout, 1);
  t.same(parse(shape, { a: 'x' }), { value: { a: 'x', timeout: 10_000, scope: undefined }, problems: [] });
  t.same(parse(shape, { tiemout: 1, http2: true }).problems, [
    "--x: x.tiemout: is not a known key; did you mean 'timeout'?",
    '--x: x.http2: is not available in this version yet; remove the key',
    '--x: x.a: is missing; write a: text',
  ]);
  t.same(parse(shape, { a: 'q', scope: 'q' }).problems, ['--x: x.scope: is the same as a; write another']);
});

t.test('a number as text counts only where text is all there is', async (t) => {
  const context: ParseContext = { env: {}, cwd: '/', problems: [] };
  t.equal(integer({ doc }).parse(textInput('8', flag), 'x', context), 8);
  t.equal(boolean({ doc }).parse(textInput('true', flag), 'x', context), true);
  t.equal(parse(integer({ doc }), '8').value, invalid);
});

t.test('definitions of different options fit in one list', async (t) => {
  const one: ProviderDefinition<{ readonly a: string }> = {
    kind: 'one',
    doc,
    schema: object({ a: string({ doc, required: true }) }, { doc }),
    create: (options) => ({ requestToken: () => Promise.reject(new Error(options.a)) }),
  };
  const all: readonly ProviderDefinition<unknown>[] = [one];
  t.equal(all[0]?.kind, 'one');
});
