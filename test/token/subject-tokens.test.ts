import t from 'tap';
import type { AccessToken } from '../../src/token/access-token.ts';
import type { Quota } from '../../src/token/quota.ts';
import { SubjectTokens } from '../../src/token/subject-tokens.ts';
import { FakeClock, failure, type Line, settled } from './support.ts';

interface Asked {
  readonly subject: string;
  readonly signal: AbortSignal;
}

function family(
  most?: number,
  answer: (asked: Asked) => Promise<Partial<AccessToken>> = async () => ({}),
  quota?: Quota,
) {
  const clock = new FakeClock();
  const asked: Asked[] = [];
  const lines: (Line & { readonly subject: string })[] = [];
  const write = (level: string, subject: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message, subject });
  const requests = {
    header: 'x-subject',
    requestToken: async (subject: string, signal: AbortSignal): Promise<AccessToken> => {
      const call = { subject, signal };
      asked.push(call);
      const requestedAtMs = clock.wallMs;
      const more = await answer(call);
      return { value: `for-${subject}`, requestedAtMs, lifetimeMs: 60_000, lifetimeSource: 'expires_in', ...more };
    },
  };
  const subjects = new SubjectTokens(
    { secretsChanged: async () => false },
    requests,
    {
      clock,
      quota,
      random: () => 0,
      events: { requestEnded: () => {}, refreshShared: () => {}, becameCurrent: () => {} },
      logFor: (subject) => ({
        trace: write('trace', subject),
        debug: write('debug', subject),
        info: write('info', subject),
        warn: write('warn', subject),
        error: write('error', subject),
      }),
    },
    most,
  );
  const use = async (subject: string): Promise<string> => {
    const { source, done } = subjects.lease(subject);
    try {
      return (await source.get(true)).token.value;
    } finally {
      done();
    }
  };
  return { clock, asked, lines, subjects, use };
}

t.test('each subject has its own token, asked for once per life', async (t) => {
  const { asked, use, lines, clock } = family();
  t.same(await Promise.all(['a', 'b', 'a', 'b', 'a'].map(use)), ['for-a', 'for-b', 'for-a', 'for-b', 'for-a']);
  t.equal(asked.length, 2);
  clock.advance(61_000);
  t.equal(await use('a'), 'for-a');
  t.equal(asked.length, 3);
  t.equal(new Set(lines.map(({ subject }) => subject)).size, 2);
  t.match(lines[0], { subject: /^[0-9a-f]{8}$/, fields: { event: 'token_obtained' } });
});

t.test('a failure of one subject is remembered for that one alone', async (t) => {
  const { asked, use } = family(10, async ({ subject }) => {
    if (subject === 'bad') throw failure('permanent');
    return {};
  });
  for (let i = 0; i < 5; i++) await t.rejects(use('bad'), { code: 'BEARERD_TOKEN_REFUSED' });
  t.equal(await use('good'), 'for-good');
  t.equal(asked.length, 2);
});

t.test('the least recently used subject is closed when there are too many', async (t) => {
  const { asked, subjects, use } = family(3);
  for (const subject of ['a', 'b', 'c', 'a', 'd', 'a']) await use(subject);
  t.equal(subjects.size, 3);
  t.same(
    asked.map(({ subject }) => subject),
    ['a', 'b', 'c', 'd'],
  );
  await use('b');
  t.equal(asked.length, 5, 'b was closed');
});

t.test('an evicted subject is closed only when nobody uses it any more', async (t) => {
  let finish = (): void => {};
  const { asked, subjects, use } = family(1, async ({ subject }) => {
    if (subject === 'slow') await new Promise<void>((resolve) => (finish = resolve));
    return {};
  });
  const { source, done } = subjects.lease('slow');
  const waiting = Promise.resolve(source.get(true));
  await settled();
  await use('other');
  t.equal(asked[0]?.signal.aborted, false, 'its token request goes on');
  finish();
  t.equal((await waiting).token.value, 'for-slow');
  t.equal((await source.get(true)).token.value, 'for-slow');
  source.reject(await source.get(true));
  done();
  await t.rejects(Promise.resolve(source.get(true)), { message: /bearerd is stopping/ });
});

t.test('a token request that nobody waits for ends with its evicted subject', async (t) => {
  const { asked, subjects, use } = family(1, async ({ subject }) => {
    if (subject === 'slow') await new Promise(() => {});
    return {};
  });
  const { source, done } = subjects.lease('slow');
  Promise.resolve(source.get(true)).catch(() => {});
  await settled();
  done();
  await use('other');
  t.equal(asked[0]?.signal.aborted, true);
});

t.test(
  'subjects whose tokens have lapsed are forgotten as others come, those with a failure to remember are not',
  async (t) => {
    const { clock, subjects, use } = family(1000, async ({ subject }) => {
      if (subject === 'bad') throw failure('permanent', 5_000);
      return {};
    });
    for (let i = 0; i < 50; i++) await use(`early-${i}`);
    t.equal(subjects.size, 50);
    clock.advance(61_000);
    await use('bad').catch(() => {});
    for (let i = 0; i < 25; i++) await use(`late-${i}`);
    t.equal(subjects.size, 26, 'two lapsed ones went for each newcomer');
    for (let i = 25; i < 40; i++) await use(`late-${i}`);
    t.equal(subjects.size, 41, 'nothing that still serves is forgotten');
  },
);

t.test('after close() nothing is asked for', async (t) => {
  const { asked, subjects, use } = family();
  await use('a');
  subjects.close();
  t.equal(await use('a'), 'for-a', 'a usable token is still handed out');
  await t.rejects(use('b'), { message: /bearerd is stopping/ });
  t.equal(asked.length, 1);
});

t.test('all subjects share the quota of their credential', async (t) => {
  const { asked, use } = family(10, undefined, { requests: 2, perMs: 60_000 });
  t.equal(await use('a'), 'for-a');
  t.equal(await use('b'), 'for-b');
  await t.rejects(use('c'), { message: /maxTokenRequests allows 2 token requests in 60 s/ });
  t.equal(asked.length, 2);
});

t.test('retire() waits for the subjects who wait; newcomers are told of the reload', async (t) => {
  let finish = (): void => {};
  const { asked, subjects, use } = family(10, async () => {
    await new Promise<void>((resolve) => (finish = resolve));
    return {};
  });
  const waiting = use('slow');
  await settled();
  const retired = subjects.retire();
  await t.rejects(use('newcomer'), { message: /a reload has replaced this credential/ });
  t.equal(asked[0]?.signal.aborted, false);
  finish();
  await waiting;
  await retired;
  t.equal(asked.length, 1);
});
