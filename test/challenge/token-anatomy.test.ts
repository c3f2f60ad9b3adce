import t from 'tap';
import { foreignLine } from '../../src/challenge/foreign-line.ts';
import { anatomyOf } from '../../src/challenge/token-anatomy.ts';
import { jwtOf } from './tokens.ts';

const nowMs = 1_800_000_000_500;
const nowSeconds = 1_800_000_000;

t.test('header and claims that matter, iat and exp against the clock (wire facts 2.3)', async (t) => {
  const token = jwtOf(
    { alg: 'RS256', kid: 'k1', typ: 'at+jwt' },
    {
      iss: 'https://idp.example',
      aud: ['a', 'b'],
      sub: 's',
      azp: 'z',
      appid: 'i',
      client_id: 'c',
      scope: 'read write',
      iat: nowSeconds - 10,
      exp: nowSeconds + 90,
      email: 'not shown',
    },
  );
  t.same(anatomyOf(token, nowMs), {
    sections: 3,
    jwt: true,
    alg: 'RS256',
    kid: 'k1',
    typ: 'at+jwt',
    iss: 'https://idp.example',
    aud: ['a', 'b'],
    principal: { sub: 's', azp: 'z', appid: 'i', client_id: 'c' },
    scope: 'read write',
    issuedAt: '2027-01-15T07:59:50.000Z',
    issuedSecondsAgo: 11,
    expiresAt: '2027-01-15T08:01:30.000Z',
    expiresInSeconds: 89,
  });
});

t.test('what is not there or of the wrong type is left out', async (t) => {
  t.same(
    anatomyOf(
      jwtOf({ alg: 7, typ: {} }, { exp: '1800000000', iat: null, aud: 'one', sub: 42, scp: ['r', 'w'] }),
      nowMs,
    ),
    {
      sections: 3,
      jwt: true,
      alg: '7',
      aud: ['one'],
      principal: { sub: '42' },
      scope: 'r w',
    },
  );
  t.same(anatomyOf(jwtOf({}, { exp: 1e300, iat: -1e300, aud: [], principal: 'x' }), nowMs), { sections: 3, jwt: true });
  t.match(
    anatomyOf(jwtOf({}, { exp: 1_509_153_472_000 }), nowMs).expiresAt,
    /^\+0497/,
    'milliseconds taken for seconds',
  );
});

t.test('an opaque, an encrypted and a broken token are counted, not read', async (t) => {
  t.same(anatomyOf('opaque', nowMs), { sections: 1, jwt: false });
  t.same(anatomyOf('a.b.c.d.e', nowMs), { sections: 5, jwt: false });
  t.same(anatomyOf('a.b.c', nowMs), { sections: 3, jwt: false });
  t.same(anatomyOf('', nowMs), { sections: 1, jwt: false });
});

t.test('claims are on one line and cut, and an endless audience is shortened', async (t) => {
  const anatomy = anatomyOf(
    jwtOf(
      { kid: `a\r\nb\u0000\u202Ec\u2028d${'x'.repeat(500)}` },
      { aud: Array.from({ length: 99 }, (_, n) => `a${n}`) },
    ),
    nowMs,
  );
  t.match(anatomy.kid, /^a b c dx+…$/);
  t.equal([...(anatomy.kid ?? '')].length, 200);
  t.equal(anatomy.aud?.length, 10);
});

t.test('neither the token nor its signature can come out through a claim (wire facts 4, item 9)', async (t) => {
  const signature = 'c2lnbmF0dXJlc2lnbmF0dXJl';
  const anatomy = anatomyOf(
    jwtOf({ kid: `x${signature}y` }, { sub: jwtOf({ alg: 'none' }, { a: 1 }) }, signature),
    nowMs,
  );
  t.equal(anatomy.kid, 'x‹token›y');
  t.equal(anatomy.principal?.sub, '‹token›');
});

t.test('foreign text loses the token before it is cut, also when controls hide it', async (t) => {
  const token = `opaque-${'9'.repeat(60)}`;
  t.equal(foreignLine(`bad token ${token}!`, token), 'bad token ‹token›!');
  t.equal(foreignLine(`${'x'.repeat(180)}${token}`, token), `${'x'.repeat(180)}‹token›`);
  t.equal(foreignLine('a\n\n b\t', token), 'a b');
  t.equal(foreignLine('abcdef', token, 3), 'ab…');
  t.equal(foreignLine('an a', 'a'), 'an a', 'too short to be recognised');
  t.equal(foreignLine('eyJhbGciOiJub25lIn0.eyJhIjoxfQ.', token), '‹token›', 'a JWT that is not ours');
});
