import t from 'tap';
import { defineProvider } from '../../src/config/define-provider.ts';
import { object } from '../../src/config/option/group.ts';
import { secret } from '../../src/config/option/secret.ts';
import { string } from '../../src/config/option/text.ts';
import { type ConformanceHooks, conformance } from '../../src/provider-kit/index.ts';
import type { AccessToken } from '../../src/token/access-token.ts';
import { TokenRequestError } from '../../src/token/provider.ts';

const key = 'kit-s3cret-0123456789';
type Mood = 'works' | 'refuses' | 'hangs';

/** What a provider does in each mood; by default what it should. */
interface Behaviour {
  readonly give?: () => Partial<Record<keyof AccessToken, unknown>>;
  readonly refuse?: (key: string) => unknown;
  readonly deaf?: boolean;
  readonly keepsFirst?: boolean;
  readonly log?: (key: string) => object;
  readonly doc?: string;
  readonly close?: () => Promise<void>;
}

async function verdicts(behaviour: Behaviour = {}, more: ConformanceHooks = {}): Promise<Map<string, string>> {
  let mood: Mood = 'works';
  let count = 0;
  const provider = defineProvider({
    kind: 'kit-test',
    schema: object({ key: secret({ doc: behaviour.doc ?? 'Key.', required: true }) }, { doc: 'x' }),
    create: (options, { log, clock }) => {
      let inFlight = 0;
      return {
        async requestToken(signal) {
          const text = await options.key.read();
          if (behaviour.log !== undefined) log.info(behaviour.log(text), 'asked');
          if (!behaviour.deaf && signal.aborted)
            throw new TokenRequestError('given up', { kind: 'transient', reason: 'aborted' });
          if (mood === 'hangs') {
            await new Promise((_, reject) => {
              if (behaviour.deaf) return;
              signal.addEventListener('abort', () =>
                reject(new TokenRequestError('given up', { kind: 'transient', reason: 'aborted' })),
              );
            });
          }
          if (mood === 'refuses') {
            throw behaviour.refuse?.(text) ?? new TokenRequestError('refused', { kind: 'permanent', reason: 'denied' });
          }
          inFlight += 1;
          await new Promise((resolve) => setImmediate(resolve));
          const broken = behaviour.keepsFirst && inFlight > 1;
          inFlight -= 1;
          if (broken) throw new Error('two at once');
          count += 1;
          const token = {
            value: `t${count}`,
            requestedAtMs: clock.nowMs(),
            lifetimeMs: 60_000,
            lifetimeSource: 'default',
            ...behaviour.give?.(),
          };
          return token as AccessToken;
        },
        ...(behaviour.close === undefined ? {} : { close: behaviour.close }),
      };
    },
  });
  const set = (next: Mood) => () => {
    mood = next;
  };
  const hooks = { secrets: [key], refuse: set('refuses'), hang: set('hangs'), restore: set('works'), ...more };
  const failed = new Map<string, string>();
  for await (const { name, ok, detail } of conformance(provider, { key }, hooks)) {
    if (!ok) failed.set(name, detail);
  }
  return failed;
}

t.test('a provider that keeps its promises fails nothing', async (t) => {
  t.same([...(await verdicts())], []);
});

const kept: readonly (readonly [title: string, Behaviour, ...[name: RegExp, detail: RegExp][]])[] = [
  [
    'a token with a line break',
    { give: () => ({ value: 'a\nb' }) },
    [/visible ASCII characters/, /value is not/],
    [/several calls/, /value/],
    [/share one call/, /TokenRequestError/],
    [/after that/, /value/],
    [/after that/, /value/],
  ],
  [
    'seconds in place of milliseconds',
    { give: () => ({ requestedAtMs: Date.now() / 1000 }) },
    [/sensible times/, /looks like seconds/],
  ],
  [
    'a request in the future',
    { give: () => ({ requestedAtMs: Date.now() + 60_000 }) },
    [/sensible times/, /in the future/],
  ],
  ['no number', { give: () => ({ requestedAtMs: 'now' }) }, [/sensible times/, /not a number/]],
  ['a life of nothing', { give: () => ({ lifetimeMs: 0 }) }, [/sensible times/, /above 0/]],
  [
    'a life that is over',
    { give: () => ({ requestedAtMs: Date.now() - 90_000 }) },
    [/sensible times/, /ended already/],
  ],
  [
    'a source that there is not',
    { give: () => ({ lifetimeSource: 'guess' }) },
    [/sensible times/, /lifetimeSource is not one of/],
  ],
  ['state that two calls share', { keepsFirst: true }, [/several calls at once/, /two at once/]],
  [
    'a provider that does not listen',
    { deaf: true },
    [/aborted already/, /although its signal/],
    [/a call that waits/, /goes on/],
  ],
  [
    'an error of another kind',
    { refuse: () => new Error('x') },
    [/a refusal is a TokenRequestError/, /it threw Error/],
  ],
  ['a text thrown', { refuse: () => 'x' }, [/a refusal is a TokenRequestError/, /it threw string/]],
  [
    'a message of two lines',
    { refuse: () => new TokenRequestError('a\nb', { kind: 'transient', reason: 'x' }) },
    [/a refusal/, /more than one line/],
  ],
  [
    'a reason of two words',
    { refuse: () => new TokenRequestError('a', { kind: 'transient', reason: 'x y' }) },
    [/a refusal/, /not a short code/],
  ],
  [
    'a secret in a message',
    { refuse: (text) => new TokenRequestError(`wrong ${text}`, { kind: 'permanent', reason: 'x' }) },
    [/no secret/, /starts with ki/],
  ],
  [
    'a secret in a cause, as base64',
    {
      refuse: (text) =>
        new TokenRequestError('wrong', {
          kind: 'permanent',
          reason: 'x',
          cause: new Error(Buffer.from(text).toString('base64')),
        }),
    },
    [/no secret/, /1 of the secrets/],
  ],
  [
    'a secret in a hidden member',
    {
      refuse: (text) =>
        Object.defineProperty(new TokenRequestError('wrong', { kind: 'permanent', reason: 'x' }), 'config', {
          value: { headers: { key: text } },
        }),
    },
    [/no secret/, /1 of the secrets/],
  ],
  ['a secret in the log', { log: (text) => ({ key: text }) }, [/no secret/, /1 of the secrets/]],
  ['an option without a sentence', { doc: '' }, [/every option is documented/, /^key$/]],
  [
    'a close() that fails',
    {
      close: async () => {
        throw new Error('cannot');
      },
    },
    [/close\(\)/, /cannot/],
  ],
];
for (const [title, behaviour, ...expected] of kept) {
  t.test(`${title} is found`, async (t) => {
    const failed = [...(await verdicts(behaviour))];
    for (const [name, detail] of expected) {
      t.ok(
        failed.some(([one, why]) => name.test(one) && detail.test(why)),
        `${name} in ${JSON.stringify(failed)}`,
      );
    }
    t.notMatch(JSON.stringify(failed), key, 'the secret is not repeated');
  });
}

t.test('a token although the service refuses, and no token at all', async (t) => {
  const provider = defineProvider({
    kind: 'deaf',
    schema: object({}, { doc: 'x' }),
    create: () => ({ requestToken: async () => undefined as unknown as AccessToken }),
  });
  const details: string[] = [];
  for await (const { ok, detail } of conformance(provider, {}, { refuse: () => {}, restore: () => {} }))
    if (!ok) details.push(detail);
  t.ok(details.includes('it gave a token although the service refuses'));
  t.ok(details.includes('what it gives is not an object'));
});

t.test('what is not told is not tried; what cannot be made ends it', async (t) => {
  const names = async (definition: unknown, options: Record<string, unknown> = {}) => {
    const found: [string, boolean][] = [];
    // Also what is no definition at all has to be found.
    for await (const { name, ok } of conformance(definition as Parameters<typeof conformance>[0], options))
      found.push([name, ok]);
    return found;
  };
  t.same(await names({ kind: 'x' }), [['the definition has a kind, a schema and create()', false]]);
  const schema = object({ name: string({ doc: 'Name.', required: true }) }, { doc: 'x' });
  const provider = defineProvider({
    kind: 'x',
    schema,
    create: () => ({
      requestToken: async () => ({
        value: 'x',
        requestedAtMs: Date.now(),
        lifetimeMs: undefined,
        lifetimeSource: 'configured' as const,
      }),
    }),
  });
  t.same((await names(provider)).at(-1), ['the schema accepts the options', false]);
  const all = await names(provider, { name: 'n' });
  t.notOk(all.some(([name]) => /refusal|waits/.test(name)));
});

t.test('defineProvider refuses what is no provider', async (t) => {
  const schema = object({}, { doc: 'x' });
  const create = () => ({
    requestToken: async () => {
      throw new Error('x');
    },
  });
  t.equal(defineProvider({ kind: 'x', schema, create }).doc, 'Provider x.');
  t.throws(() => defineProvider({ kind: 'X', schema, create }), /kind has to be small letters/);
  // From JavaScript anything may come.
  t.throws(() => defineProvider({ kind: 'x', schema, create, lint: 1 } as never), /lint has to be a function/);
  t.throws(() => defineProvider(undefined as never), /not an object/);
});
