import t from 'tap';
import type { TokenAnswered } from '../../src/challenge/contradiction/evidence.ts';
import { contradictions } from '../../src/challenge/contradictions.ts';
import { jwtOf } from './tokens.ts';

const nowSeconds = 1_800_000_000;
const header = { alg: 'RS256', kid: 'k1', typ: 'at+jwt' };
const claims = { iss: 'https://idp/', sub: 'svc', aud: 'dgc', iat: nowSeconds - 10, exp: nowSeconds + 3590 };

function found(text: string, more: Partial<TokenAnswered> = {}, expect?: object) {
  const answer = { status: 401, class: 'rejected', text, ...more } as const;
  const nowMs = nowSeconds * 1000;
  return contradictions({
    token: jwtOf(header, claims),
    profile: 'collibra',
    nowMs,
    answer,
    ...(expect && { expect }),
  });
}

t.test("where nothing known contradicts, the API's own words name the part", async (t) => {
  const cases: readonly [text: string, id: string | undefined, has?: string][] = [
    ['The token is invalid: unexpected "iss" claim value', 'issuer_differs', "its iss is 'https://idp/'"],
    ['Issuer mismatch', 'issuer_differs'],
    ['The token is invalid: unexpected "aud" claim value', 'audience_differs', "its aud is 'dgc'"],
    ['The token type is not allowed.', 'type_not_accepted', "its typ is 'at+jwt'"],
    ['"alg" (Algorithm) Header Parameter value not allowed', 'algorithm_not_accepted', "its alg is 'RS256'"],
    ['no applicable key found in the JSON Web Key Set', 'kid_not_published', "its kid is 'k1'"],
    ['signature verification failed', 'signature_invalid', "the key 'k1' of 'https://idp/'"],
    ['issuer or audience is wrong', undefined],
    ['The token is invalid.', undefined],
    ['The password of the author is wrong', undefined],
  ];
  for (const [text, id, has] of cases) {
    const [first, ...more] = found(text);
    t.equal(first?.id, id, text);
    t.same(more, []);
    if (first === undefined) continue;
    t.equal(first.certainty, 'likely');
    t.match(first.sentence, /^Collibra names this part of the token as the reason: .*\.$/);
    t.match(first.cure, /^(Compare|Set) .*\.$/);
    if (has !== undefined) t.match(first.sentence, has);
  }
});

t.test('they are no reason where something known contradicts, or the answer is about something else', async (t) => {
  const text = 'unexpected "iss" claim value';
  t.match(found(text, {}, { audience: ['other'] }), [{ id: 'audience_differs', certainty: 'certain' }]);
  t.notMatch(found(text, { class: 'unprocessable' }), [{ id: 'issuer_differs' }]);
  t.same(found(text, { status: 200, class: 'none' }), []);
});

t.test('a part that is not there', async (t) => {
  const token = jwtOf({ alg: 'RS256' }, { exp: nowSeconds + 60 });
  const answer = { status: 401, class: 'rejected', text: 'wrong audience' } as const;
  const [first] = contradictions({ token, profile: 'generic', nowMs: nowSeconds * 1000, answer });
  t.match(first?.sentence, /it has no aud\.$/);
});
