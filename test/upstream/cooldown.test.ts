import t, { type Test } from 'tap';
import { request } from 'undici';
import { read } from '../support/problem.ts';
import { startProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import { FakeClock } from '../token/support.ts';

/** An API that takes no token before the test says so, and what one request to it came to. */
async function refusing(t: Test, body: string, preset: 'collibra' | 'collaborate' | 'none') {
  const clock = new FakeClock();
  clock.wallMs = Date.now();
  let taken = '';
  const upstream = await startUpstream(({ headers }, response) => {
    if (headers.authorization === `Bearer ${taken}`) response.end('taken');
    else response.writeHead(401).end(body);
  });
  const proxy = await startProxy(upstream.url, { route: { preset }, deps: { clock } });
  t.teardown(async () => {
    await proxy.stop();
    await upstream.close();
  });
  /** `502 +1 +2`: the status, token requests and requests upstream. */
  const ask = async (): Promise<string> => {
    const [tokens, requests] = [proxy.tokens.count, upstream.seen.length];
    const { status } = await read(await request(proxy.url));
    return `${status} +${proxy.tokens.count - tokens} +${upstream.seen.length - requests}`;
  };
  const take = (token: string): void => {
    taken = token;
  };
  return { clock, ask, take };
}

t.test(
  'expired: a refresh that did not help is tried again after ten seconds, however many 401s came meanwhile',
  async (t) => {
    const { clock, ask, take } = await refusing(t, '{"errorCode":"expiredToken"}', 'collibra');
    t.equal(await ask(), '502 +2 +2');
    for (const afterMs of [3_000, 3_000, 3_000]) {
      clock.advance(afterMs);
      t.equal(await ask(), '502 +0 +1', 'in the cooldown');
    }
    clock.advance(1_500);
    t.equal(await ask(), '502 +1 +2', 'behind it');
    clock.advance(9_000);
    t.equal(await ask(), '502 +0 +1', 'that one did not help either');
    take('token4');
    clock.advance(1_500);
    t.equal(await ask(), '200 +1 +2');
  },
);

t.test('without a code: a refresh that did not help is tried again after a minute', async (t) => {
  for (const preset of ['collaborate', 'none'] as const) {
    const { clock, ask } = await refusing(t, 'no', preset);
    t.equal(await ask(), '401 +2 +2', preset);
    for (const afterMs of [20_000, 20_000]) {
      clock.advance(afterMs);
      t.equal(await ask(), '401 +0 +1', preset);
    }
    clock.advance(21_000);
    t.equal(await ask(), '401 +1 +2', preset);
  }
});
