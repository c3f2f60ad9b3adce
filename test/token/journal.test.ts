import { createHash } from 'node:crypto';
import t from 'tap';
import { TokenRequestError } from '../../src/token/provider.ts';
import { bench, failureOf, settled } from './support.ts';

t.test('each life event of a token is one line with a stable name, and no line holds the token', async (t) => {
  const { source, provider, clock, lines } = bench();
  const value = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
  const prefix = createHash('sha256').update(value).digest('hex').slice(0, 8);

  const asked = source.get(true);
  clock.advance(40);
  provider.give(value, 300);
  const held = await asked;
  t.match(lines[0], {
    level: 'info',
    fields: {
      event: 'token_obtained',
      generation: 1,
      tokenSha256: prefix,
      lifetimeSeconds: 300,
      lifetimeSource: 'expires_in',
      replacesRejected: false,
      sameAsBefore: false,
      durationMs: 40,
    },
    message: 'New token; it lives 300 s; the first request after 240 s refreshes it',
  });

  source.reject(held);
  t.match(lines[1], {
    level: 'warn',
    fields: { event: 'token_rejected', generation: 1, tokenSha256: prefix },
    message: 'The upstream rejected the token; the next request asks for a new one',
  });

  const failing = failureOf(source.get(true));
  provider.fail('permanent');
  await failing;
  t.match(lines[2], {
    level: 'error',
    fields: { event: 'token_refresh_failed', kind: 'permanent', reason: 'invalid_client', retryAfterSeconds: 5 },
    message: /no token is left, the next request after 5 s asks again, until then requests are answered with 502/,
  });

  clock.advance(5_000);
  const again = source.get(true);
  provider.give('static', undefined);
  source.cap(await again);
  t.match(lines[3], { fields: { lifetimeSeconds: undefined }, message: 'New token; it never expires' });
  t.match(lines[4], { level: 'warn', fields: { event: 'token_capped', generation: 2, capSeconds: 60 } });
  t.equal(lines.length, 5);
  t.notMatch(JSON.stringify(lines), value.slice(0, 20));
});

t.test('the sentence of a provider goes on into what happens next', async (t) => {
  const { source, provider, lines } = bench();
  const failing = failureOf(source.get(true));
  provider.last.reject(new TokenRequestError('It failed.', { kind: 'transient', reason: 'timeout' }));
  await failing;
  t.match(lines[0], { message: /^It failed; no token is left/ });
});

t.test('a failed refresh ahead says how long the old token is kept', async (t) => {
  const { source, provider, clock, lines } = bench();
  const asked = source.get(true);
  provider.give('token1', 300);
  await asked;
  clock.advance(250_000);
  source.get(true);
  provider.fail('transient');
  await settled();
  t.match(lines.at(-1), { level: 'warn', message: /keeping the old token for 50 s, the next request after 0.8 s/ });
});
