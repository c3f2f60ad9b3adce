import t from 'tap';
import { RequestQuota } from '../../src/token/quota.ts';
import { TokenSource } from '../../src/token/token-source.ts';
import { type Bench, bench, failureOf, giveReplaceable, settled } from './support.ts';

function withQuota(requests: number, perMs: number): Bench {
  const made = bench();
  const { clock, provider, cache, lines } = made;
  const write = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const log = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const events = { requestEnded: () => {}, refreshShared: () => {}, becameCurrent: () => {} };
  const source = new TokenSource('quota', provider, cache, {
    clock,
    random: () => 0,
    log,
    events,
    quota: { requests, perMs },
  });
  return { ...made, source };
}

t.test('issue 6: beyond maxTokenRequests a caller is told when to come again, and nobody is asked', async (t) => {
  const { source, provider, clock, lines } = withQuota(2, 60_000);
  for (const value of ['token1', 'token2']) {
    const got = source.get(true);
    provider.give(value, 3600);
    source.reject(await got);
    clock.advance(10_000);
  }
  lines.length = 0;
  for (let i = 0; i < 3; i++) {
    t.match(await failureOf(source.get(true)), {
      entry: { status: 503 },
      failure: { kind: 'transient', reason: 'quota', retryAfterMs: 40_000 },
      occurrence: { retryAfterSeconds: 40 },
      message: 'maxTokenRequests allows 2 token requests in 60 s',
    });
  }
  t.equal(provider.calls.length, 2);
  t.match(lines, [{ level: 'warn', fields: { event: 'token_quota_reached', retryAfterSeconds: 40 } }]);
  t.equal(lines.length, 1, 'told once');
  clock.advance(40_000);
  const got = source.get(true);
  provider.give('token3', 3600);
  t.match(await got, { token: { value: 'token3' } }, 'the oldest request is a minute old');
});

t.test('a token that is still good is handed out beyond the quota', async (t) => {
  const { source, provider, clock } = withQuota(1, 3_600_000);
  const got = source.get(true);
  provider.give('token1', 100);
  const held = await got;
  clock.advance(90_000);
  t.equal(await source.get(true), held, 'a refresh ahead is due');
  clock.advance(9_900);
  t.equal(await source.get(true), held, 'in its last moments, too');
  clock.advance(200);
  t.match(await failureOf(source.get(true)), { failure: { reason: 'quota' } });
  t.equal(provider.calls.length, 1);
});

t.test(
  'failed requests count, and while a failure is remembered its words are told with the longer wait',
  async (t) => {
    const { source, provider, clock } = withQuota(1, 60_000);
    const first = failureOf(source.get(true));
    provider.fail('transient');
    await first;
    t.match(await failureOf(source.get(true)), { failure: { reason: 'http_502', retryAfterMs: 60_000 } });
    clock.advance(30_000);
    t.match(await failureOf(source.get(true)), { failure: { reason: 'quota', retryAfterMs: 30_000 } });
    await settled();
    t.equal(provider.calls.length, 1);
  },
);

t.test('a clock that stands still or jumps back does not lengthen the wait', async (t) => {
  const quota = new RequestQuota({ requests: 1, perMs: 1000 });
  quota.take({ wallMs: 5000, monotonicMs: 5000 });
  t.equal(quota.waitMs({ wallMs: 5400, monotonicMs: 5400 }), 600);
  t.equal(quota.waitMs({ wallMs: 0, monotonicMs: 5900 }), 100);
  t.equal(quota.waitMs({ wallMs: 9000, monotonicMs: 5000 }), 0);
});

t.test('a look whether a file has another token is no token request, as long as it has the same', async (t) => {
  const made = withQuota(3, 60_000);
  const { source, provider, clock, lines } = made;
  const next = async (value: string) => {
    const got = source.get(true);
    giveReplaceable(made, value);
    const held = await got;
    clock.advance(1_000);
    return held.token.value;
  };
  for (let i = 0; i < 10; i++) t.equal(await next('one'), 'one');
  t.equal(provider.calls.length, 10, 'it is looked each time');
  t.equal(await next('two'), 'two', 'so that another one is seen');
  t.equal(await next('three'), 'three');
  t.same(
    lines.filter(({ level }) => level === 'warn'),
    [],
  );
  t.equal(await next('four'), 'three', 'new tokens count');
  t.match(lines.at(-1), { fields: { event: 'token_quota_reached' } });
});
