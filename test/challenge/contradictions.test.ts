import { readFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type ContradictionId, contradictionIds } from '../../src/challenge/contradiction/contradiction.ts';
import type { Evidence, TokenAnswered } from '../../src/challenge/contradiction/evidence.ts';
import { contradictions } from '../../src/challenge/contradictions.ts';
import { jwtOf } from './tokens.ts';

const nowSeconds = 1_800_000_000;
const header = { alg: 'RS256', kid: 'k1', typ: 'at+jwt' };
const claims = { iss: 'https://idp/', sub: 'svc', aud: 'dgc', iat: nowSeconds - 10, exp: nowSeconds + 3590 };
const url = 'https://idp/jwks';
const expect = {
  issuer: 'https://idp/',
  audience: ['dgc', 'other'],
  type: ['at+jwt', 'jwt'],
  algorithms: ['RS256'],
  principal: { claim: 'sub', value: 'svc' },
};
const refused = (klass: TokenAnswered['class'], more: Partial<TokenAnswered> = {}): TokenAnswered => ({
  status: 401,
  class: klass,
  ...more,
});

function found(given: Partial<Evidence> & { header?: object; claims?: object }) {
  const { header: h = {}, claims: c = {}, ...evidence } = given;
  const token = jwtOf({ ...header, ...h }, { ...claims, ...c });
  return contradictions({ token, profile: 'collibra', nowMs: nowSeconds * 1000, expect, ...evidence });
}

type Row = readonly [Parameters<typeof found>[0], readonly ContradictionId[], string?, string?];

function table(t: Test, rows: readonly Row[]): void {
  for (const [given, ids, sentence, cure] of rows) {
    const all = found(given);
    const label = JSON.stringify(given);
    t.strictSame(
      all.map(({ id }) => id),
      ids,
      label,
    );
    if (sentence !== undefined) t.match(all[0]?.sentence, sentence);
    if (cure !== undefined) t.match(all[0]?.cure, cure);
    for (const one of all) {
      t.match(one.sentence, /^[A-Z].*\.$/, 'a whole sentence');
      t.match(one.cure, /^[A-Z].*\.$/, 'whole sentences');
    }
  }
}

t.test('what contradicts nothing is not explained', async (t) => {
  table(t, [
    [{}, []],
    [{ profile: 'generic', expect: undefined }, []],
    [{ profile: 'collaborate', expect: undefined, token: 'opaque' }, []],
    [{ profile: 'generic', expect: {}, token: 'opaque' }, []],
    [{ header: { typ: 'application/AT+JWT' }, claims: { aud: ['x', 'other'] } }, []],
    [{ header: { typ: undefined }, expect: { type: ['none'] } }, []],
    [{ keys: { state: 'verified', url } }, []],
    [{ keys: { state: 'not-applicable', why: 'HS256' } }, []],
    [{ keys: { state: 'unavailable', url, why: 'down' } }, []],
    [{ header: { typ: 'x+jwt' }, expect: undefined, answer: { status: 200, class: 'none' } }, []],
    [{ answer: refused('rejected') }, []],
    [{ clocks: { apiAheadSeconds: 600, idpAheadSeconds: 600 } }, []],
  ]);
});

t.test('form: what is no JWT', async (t) => {
  const unusable = refused('unusable');
  table(t, [
    [
      { token: 'opaque', answer: unusable },
      ['opaque_token'],
      'opaque (1 section), and Collibra needs a JWT',
      'issue JWT',
    ],
    [
      { token: 'opaque', idp: 'auth0' },
      ['opaque_token'],
      'The token is opaque',
      'In Auth0, a token without an audience may be opaque',
    ],
    [{ token: 'a.b.c.d.e' }, ['encrypted_token'], 'encrypted (5 sections, a JWE)'],
    [{ token: 'a.b' }, ['not_a_jwt'], 'has 2 sections', 'is whole'],
    [{ token: 'a.b.c' }, ['not_a_jwt'], '3 sections, but the first two are not JSON'],
    [{ token: 'opaque', profile: 'generic' }, ['opaque_token'], 'the API needs'],
  ]);
  t.equal(found({ token: 'opaque', expect: undefined })[0]?.certainty, 'likely');
  t.equal(found({ token: 'opaque', answer: unusable })[0]?.certainty, 'certain');
});

t.test('header: typ, alg, kid', async (t) => {
  table(t, [
    [
      { header: { typ: 'x+jwt' } },
      ['type_not_accepted'],
      "The token has the wrong media type: its typ is 'x+jwt', and Collibra accepts at+jwt, jwt.",
      "Add 'x+jwt' to JWT Token Types in Collibra's JWT settings, or have the identity provider",
    ],
    [{ header: { typ: 'x+jwt' }, expect: undefined }, ['type_not_accepted'], 'Collibra accepts by default at+jwt, jwt'],
    [{ header: { typ: 7 } }, ['type_not_accepted'], 'its typ is 7'],
    [{ header: { typ: undefined } }, ['type_missing'], 'has no typ', 'Leave JWT Token Types'],
    [{ header: { typ: 'x' }, profile: 'generic', expect: undefined }, []],
    [{ header: { typ: 'x' }, idp: 'okta' }, ['type_not_accepted'], 'wrong media type', 'In Okta'],
    [
      { header: { alg: 'HS256' } },
      ['algorithm_not_accepted'],
      "signed with the algorithm 'HS256', and Collibra accepts RS256",
      'change JWT Algorithms',
    ],
    [{ header: { alg: 'HS256' }, expect: undefined }, []],
    [{ header: { alg: 'none' }, expect: undefined }, ['algorithm_not_accepted'], 'signed with nothing (alg none)'],
    [{ header: { kid: undefined } }, ['kid_missing'], 'has no kid', 'JSON Web Key Set URL'],
    [{ header: { kid: undefined }, profile: 'generic' }, []],
  ]);
});

t.test('parties: iss and aud, both shown, the slash named', async (t) => {
  table(t, [
    [
      { claims: { iss: 'https://idp' } },
      ['issuer_slash'],
      "The token's iss is 'https://idp', and Collibra expects 'https://idp/': they differ only in the slash at the end.",
      "Set JWT Issuer in Collibra's JWT settings to exactly 'https://idp'",
    ],
    [
      { claims: { iss: 'https://test' } },
      ['issuer_differs'],
      "iss is 'https://test', and Collibra expects 'https://idp/'.",
    ],
    [{ claims: { iss: undefined } }, ['issuer_missing'], "has no iss, and Collibra expects 'https://idp/'"],
    [{ claims: { iss: undefined }, expect: undefined }, ['issuer_missing'], 'Collibra expects one'],
    [{ claims: { iss: undefined }, expect: undefined, profile: 'generic' }, []],
    [
      { expect: undefined, issuer: 'https://login/v2.0', idp: 'entra' },
      ['issuer_differs'],
      "and the credential's issuer is 'https://login/v2.0'",
      'tokens of v1 and v2.0 have different iss',
    ],
    [
      { claims: { aud: 'dgc-test' } },
      ['audience_differs'],
      "aud is 'dgc-test', and Collibra expects 'dgc' or 'other'",
      'JWT Audience',
    ],
    [{ claims: { aud: ['a', 'b', 'c', 'd'] } }, ['audience_differs'], "aud is 'a', 'b', 'c', and"],
    [{ claims: { aud: 'dgc/' } }, ['audience_slash'], 'only in the slash at the end'],
    [{ claims: { aud: undefined } }, ['audience_missing'], 'has no aud', 'audience, resource or scope'],
    [{ claims: { aud: [] } }, ['audience_missing']],
    [{ claims: { aud: undefined }, expect: undefined }, []],
  ]);
});

t.test('keys: kid and signature', async (t) => {
  const published = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
  table(t, [
    [
      { keys: { state: 'unknown-kid', url, published: ['k2'], withdrawn: false } },
      ['kid_not_published'],
      "The token's kid 'k1' is not in the key set at https://idp/jwks, which has 'k2'",
      'jwks_uri',
    ],
    [{ keys: { state: 'unknown-kid', url, published, withdrawn: false } }, ['kid_not_published'], "'e' and 2 more"],
    [
      { keys: { state: 'unknown-kid', url, published: [], withdrawn: true } },
      ['keys_rotated'],
      'which has none',
      'Get a new token',
    ],
    [{ keys: { state: 'bad-signature', url } }, ['signature_invalid'], "does not verify with the key 'k1' at"],
    [
      { keys: { state: 'bad-signature', url }, header: { kid: undefined }, profile: 'generic' },
      ['signature_invalid'],
      'with the keys at',
    ],
    [
      { keys: { state: 'unavailable', url, why: 'refused' }, answer: refused('unprocessable') },
      ['keys_unreachable', 'principal_unknown'],
      'cannot be had from here either (refused)',
      'can reach the JSON Web Key Set URL',
    ],
  ]);
});

t.test('times: which clock says what', async (t) => {
  const expired = refused('expired');
  const late = { iat: nowSeconds - 3610, exp: nowSeconds - 12 };
  table(t, [
    [{ claims: late }, ['expired'], "expired 12 s ago by this machine's clock.", 'JWT Maximum Clock Skew'],
    [
      { claims: late, clocks: { apiAheadSeconds: 600, idpAheadSeconds: -600 } },
      ['expired'],
      "by this machine's clock, and 10 min ago by the clock of Collibra; the identity provider's clock is 10 min behind it",
    ],
    [
      { claims: late, clocks: { apiAheadSeconds: -600, idpAheadSeconds: 45 } },
      ['expired'],
      "not by the clock of Collibra, where it has 9 min left; the identity provider's clock is 45 s ahead of it",
    ],
    [
      { clocks: { apiAheadSeconds: 4000 }, answer: expired },
      ['expired_on_api_clock'],
      'expired 6 min ago by the clock of Collibra, which is 66 min ahead',
    ],
    [{ claims: { iat: nowSeconds + 600 } }, ['not_yet_valid'], "valid only in 10 min by this machine's clock (its iat"],
    [{ claims: { nbf: nowSeconds + 31 } }, ['not_yet_valid'], 'its nbf'],
    [{ claims: { iat: nowSeconds + 600 }, clocks: { apiAheadSeconds: 600 } }, []],
    [{ clocks: { apiAheadSeconds: -600 } }, ['not_yet_valid'], 'by the clock of Collibra'],
    [{ claims: { exp: undefined } }, ['claim_missing'], 'has no exp that is a number, and Collibra asks for it'],
    [{ claims: { exp: undefined, iat: 'x' } }, ['claim_missing'], 'no exp and no iat', 'replaces them'],
    [{ claims: { exp: undefined }, profile: 'generic' }, []],
    [{ answer: expired }, ['clock_skew'], "it has 59 min left by this machine's clock: the clocks differ"],
    [{ answer: expired, clocks: { apiAheadSeconds: 300 } }, ['clock_skew'], "which is 5 min behind the API's"],
    [{ answer: expired, claims: { exp: undefined }, profile: 'generic' }, ['clock_skew'], 'it has no exp'],
  ]);
});

t.test('principal: missing, another, unknown', async (t) => {
  table(t, [
    [
      { claims: { sub: undefined, azp: 'app' } },
      ['principal_missing'],
      "has no 'sub', which Collibra takes the name of a Collibra user from; it has azp 'app'",
      'JWT Principal ID Claim Name',
    ],
    [{ claims: { sub: undefined }, expect: undefined }, ['principal_missing']],
    [{ expect: { principal: { claim: 'email' } } }, ['principal_missing'], "has no 'email'", 'write email'],
    [{ claims: { sub: 'x' } }, ['principal_differs'], "sub is 'x', and Collibra knows the user as 'svc'"],
    [{ answer: refused('unprocessable') }, ['principal_unknown'], 'may have no such user', "with the name 'svc'"],
    [
      { answer: refused('unprocessable', { text: 'The principal of the token is no known user.' }) },
      ['principal_unknown'],
      'says that it has no such user',
    ],
    [{ claims: { sub: undefined }, profile: 'generic', expect: undefined }, []],
  ]);
  t.equal(found({ claims: { sub: undefined }, expect: undefined })[0]?.certainty, 'likely');
});

t.test('revoked, scope, permission', async (t) => {
  table(t, [
    [
      { answer: refused('rejected', { acceptedBefore: true }) },
      ['revoked'],
      'accepted this very token before and refuses it now',
    ],
    [
      { answer: refused('rejected', { text: 'The token was revoked.' }) },
      ['revoked'],
      'says that the token was revoked',
    ],
    [
      { answer: refused('not-auth', { neededScope: 'read write' }) },
      ['scope_missing'],
      "needs the scope 'read write', and the token has no scope",
      "credential's scope",
    ],
    [
      { answer: refused('not-auth', { neededScope: 'w' }), claims: { scp: ['a', 'b'] } },
      ['scope_missing'],
      "has 'a b'",
    ],
    [{ answer: refused('not-auth', { neededScope: 'w' }), claims: { scope: 'a' } }, ['scope_missing'], "has 'a'"],
    [{ answer: refused('not-auth') }, []],
    [
      { answer: refused('none') },
      ['permission_missing'],
      'answers 401 without a token code',
      'a new token does not help',
    ],
    [{ answer: refused('none'), profile: 'generic' }, []],
    [{ answer: { status: 403, class: 'none', text: 'no\nway' } }, ['permission_missing'], 'answers 403 ("no way")'],
    [
      { answer: { status: 403, class: 'none' }, token: 'opaque', profile: 'generic', expect: undefined },
      ['permission_missing'],
    ],
  ]);
});

t.test('the order: what the code points at, then what is certain', async (t) => {
  const keys = { state: 'unknown-kid', url, published: ['k2'], withdrawn: false } as const;
  const wrong = { header: { typ: 'x' }, claims: { iss: 'https://a', aud: 'b', sub: 'c', exp: nowSeconds - 5 }, keys };
  table(t, [
    [
      { ...wrong, answer: refused('rejected') },
      ['type_not_accepted', 'issuer_differs', 'audience_differs', 'kid_not_published', 'expired', 'principal_differs'],
    ],
    [
      { ...wrong, answer: refused('expired') },
      ['expired', 'type_not_accepted', 'issuer_differs', 'audience_differs', 'kid_not_published', 'principal_differs'],
    ],
    [
      { ...wrong, answer: refused('unprocessable') },
      ['principal_differs', 'type_not_accepted', 'issuer_differs', 'audience_differs', 'kid_not_published', 'expired'],
    ],
    [{ ...wrong, expect: undefined }, ['kid_not_published', 'expired', 'type_not_accepted']],
  ]);
});

t.test('neither the token nor foreign lines get into a sentence', async (t) => {
  const secret = 'a-very-long-signature-of-the-token';
  const token = jwtOf(
    header,
    { ...claims, iss: `https://evil/${secret}\n${'x'.repeat(500)}`, aud: { odd: 1 } },
    secret,
  );
  const all = contradictions({
    token,
    profile: 'collibra',
    nowMs: nowSeconds * 1000,
    expect,
    answer: { status: 403, class: 'none', text: `no ${token}` },
  });
  t.strictSame(
    all.map(({ id }) => id),
    ['permission_missing', 'issuer_differs', 'audience_differs'],
  );
  for (const { sentence, cure } of all) {
    t.notMatch(sentence + cure, secret);
    t.notMatch(sentence + cure, '\n');
    t.ok((sentence + cure).length < 1200);
  }
});

t.test('the page has each id, and no other', async (t) => {
  const page = readFileSync('docs/explained-failures.md', 'utf8');
  const ids = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, id]) => id);
  t.strictSame(ids, [...contradictionIds]);
});
