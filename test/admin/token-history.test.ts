import t from 'tap';
import { TokenHistory } from '../../src/admin/token-history.ts';
import type { HeldToken } from '../../src/token/held-token.ts';

const section = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');

function held(generation: number): HeldToken {
  const value = `${section({ alg: 'RS256', typ: 'at+jwt' })}.${section({ iss: 'https://idp.example', sub: `s${generation}`, exp: 4_000_000_000 })}.c2lnbmF0dXJlLWNhbmFyeQ`;
  return {
    authorization: `Bearer ${value}`,
    generation,
    token: { value, requestedAtMs: 0, lifetimeMs: 1000, lifetimeSource: 'expires_in' },
    sha256Prefix: '00000000',
    replacesRejected: false,
    accepted: false,
    refused: false,
  };
}

t.test('claims by generation, without what depends on the moment, and never the token', async (t) => {
  const history = new TokenHistory();
  history.obtained('idp', held(1), true, 1_000);
  history.obtained('other', held(1), true, 1_500);
  history.failed('idp', 'transient', 2_000);
  history.obtained('idp', held(2), true, 3_000);
  t.match(history.claims('idp', 2), {
    jwt: true,
    sections: 3,
    alg: 'RS256',
    iss: 'https://idp.example',
    principal: { sub: 's2' },
  });
  t.notOk('expiresInSeconds' in (history.claims('idp', 2) ?? {}));
  t.equal(history.claims('idp', 3), undefined);
  t.match(history.from(0), [
    { atMs: 1_000, outcome: 'obtained', generation: 1 },
    { credential: 'other' },
    { atMs: 2_000, outcome: 'transient', generation: undefined },
    { atMs: 3_000, outcome: 'obtained', generation: 2 },
  ]);
  t.equal(history.from(3).length, 1);
  t.notMatch(JSON.stringify(history.from(0)), 'c2lnbmF0dXJlLWNhbmFyeQ');
});

t.test("the token of one caller is nobody else's business", async (t) => {
  const history = new TokenHistory();
  history.obtained('exchange', held(1), false, 1_000);
  t.equal(history.claims('exchange', 1), undefined);
});

t.test('it is bounded, and a reader reads on where it was', async (t) => {
  const history = new TokenHistory();
  for (let n = 1; n <= 1_000; n += 1) history.failed('idp', 'permanent', n);
  t.ok(history.from(0).length <= 200);
  t.equal(history.end, 1_000);
  t.strictSame(
    history.from(998).map(({ atMs }) => atMs),
    [999, 1_000],
  );
  t.strictSame(history.from(1_000), []);
});
