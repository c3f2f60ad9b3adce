import t from 'tap';
import { apis } from '../../src/challenge/apis.ts';
import { type Explanation, explain } from '../../src/challenge/explanation.ts';
import { judge, judgeRefresh } from '../../src/challenge/judge.ts';
import type { ChallengeFacts, OwnRule, Profile, Verdict } from '../../src/challenge/policy.ts';
import { anatomyOf } from '../../src/challenge/token-anatomy.ts';
import { duration } from '../../src/challenge/token-findings.ts';
import { BearerdError, catalog } from '../../src/errors.ts';
import { jwtOf } from './tokens.ts';

const nowSeconds = 1_800_000_000;
const header = { alg: 'RS256', kid: 'k1', typ: 'at+jwt' };
const claims = { iss: 'https://idp', sub: 'svc', aud: 'dgc', iat: nowSeconds - 1, exp: nowSeconds + 3599 };
const good = jwtOf(header, claims);
const usual: ChallengeFacts = {
  status: 401,
  method: 'GET',
  attempt: 1,
  code: undefined,
  bearerError: undefined,
  remainingMs: 2_000_000,
  ageMs: 1_600_000,
  accepted: true,
  current: true,
  replayable: true,
  sinceUnhelpfulMs: undefined,
};

interface Case {
  readonly profile?: Profile;
  readonly facts?: Partial<ChallengeFacts>;
  readonly token?: string;
  readonly text?: string;
  readonly rules?: OwnRule[];
  readonly refresh?: 'transient' | 'permanent' | 'identical';
  readonly refreshError?: BearerdError;
}

function explained(given: Case): Explanation & { verdict: Verdict } {
  const { profile = 'collibra', token = good, refresh, refreshError } = given;
  const facts = { ...usual, ...given.facts };
  const first = judge(profile, facts, given.rules ?? []);
  const verdict = refresh === undefined ? first : judgeRefresh(first, refresh);
  const explanation = explain({
    profile,
    verdict,
    code: facts.code,
    upstreamText: given.text,
    anatomy: anatomyOf(token, nowSeconds * 1000),
    facts,
    routeName: 'main',
    credentialName: 'idp',
    token,
    ...(refreshError === undefined ? {} : { refreshError }),
  });
  return { ...explanation, verdict };
}

const second = { attempt: 2 } as const;

t.test('each class has its code (wire facts 2.3)', async (t) => {
  const codes: [Case, string][] = [
    [{ facts: { ...second, code: 'EXPIREDTOKEN' } }, 'BEARERD_TOKEN_EXPIRED'],
    [{ facts: { ...second, code: 'invalidToken' } }, 'BEARERD_TOKEN_INVALID'],
    [{ profile: 'generic', facts: { ...second, bearerError: 'invalid_token' } }, 'BEARERD_TOKEN_INVALID'],
    [{ facts: { code: 'malformedToken' } }, 'BEARERD_TOKEN_MALFORMED'],
    [{ facts: { code: 'unableToProcessToken' } }, 'BEARERD_TOKEN_UNPROCESSABLE'],
    [{ facts: { code: 'expiredToken', replayable: false } }, 'BEARERD_BODY_NOT_REPLAYABLE'],
    [{ facts: { code: 'invalidToken', current: false, replayable: false } }, 'BEARERD_BODY_NOT_REPLAYABLE'],
    [{ facts: { code: 'expiredToken' }, refresh: 'identical' }, 'BEARERD_TOKEN_EXPIRED'],
  ];
  for (const [given, code] of codes) t.equal(explained(given).code, code, JSON.stringify(given));
});

t.test('expired: what the API said, and the token against the clock', async (t) => {
  const token = jwtOf(header, { ...claims, exp: nowSeconds - 12 });
  const { detail, action, upstreamErrorCode } = explained({
    facts: { ...second, code: 'expiredtoken' },
    token,
    text: 'The token\nhas expired',
  });
  t.equal(
    detail,
    'Collibra answered the repeated request on route "main" with 401 expiredToken ("The token has expired"), which means that ' +
      "by Collibra's clock the token's exp has passed by more than the clock skew that Collibra allows. " +
      'The token of credential "idp" expired 12 s ago by this machine\'s clock.',
  );
  t.match(action, 'JWT Maximum Clock Skew');
  t.equal(upstreamErrorCode, 'expiredtoken');
});

t.test(
  'rejected: typ, missing members and the rest beside what Collibra documents (wire facts 2.3, 2.4)',
  async (t) => {
    const facts = { code: 'invalidToken', accepted: false, ageMs: 1000 };
    const odd = explained({
      facts,
      token: jwtOf({ ...header, typ: 'x+jwt', kid: undefined }, { ...claims, aud: undefined }),
    });
    t.match(
      odd.detail,
      "lacks kid, which Collibra asks for; it has a typ outside Collibra's default list (at+jwt, jwt)",
    );
    t.match(
      odd.detail,
      "says alg 'RS256', typ 'x+jwt', iss 'https://idp'; it has no aud; it is good for another 59 min",
    );
    t.match(odd.detail, 'it has not been accepted here before.');
    for (const setting of ['JWT Issuer', 'JWT Audience', 'JWT Token Types', 'JWT Algorithms', 'JSON Web Key Set URL']) {
      t.match(odd.action, setting);
    }
    t.match(explained({ facts, token: jwtOf({ ...header, typ: undefined }, claims) }).detail, 'has no typ, for which');
    for (const typ of ['JWT', 'at+JWT', 'application/at+jwt']) {
      t.notMatch(explained({ facts, token: jwtOf({ ...header, typ }, claims) }).detail, 'default list', typ);
    }
    t.notMatch(explained({ facts: { ...second, code: 'invalidToken' } }).detail, 'not been accepted');
    const generic = explained({
      profile: 'generic',
      facts: { ...second, bearerError: 'invalid_token' },
      token: odd.detail,
    });
    t.match(
      generic.detail,
      /^The API answered the repeated request on route "main" with 401 and the Bearer error invalid_token\./,
    );
    t.notMatch(generic.detail, 'Collibra');
  },
);

t.test('a token issued in the future and one without exp are told', async (t) => {
  const facts = { ...second, code: 'invalidToken' };
  const token = jwtOf(header, { ...claims, iat: nowSeconds + 200, exp: undefined });
  t.match(
    explained({ facts, token }).detail,
    "has no exp that can be read; it was issued 3 min in the future by this machine's clock",
  );
});

t.test('malformed: the number of sections (wire facts 2.3)', async (t) => {
  const facts = { code: 'malformedToken', accepted: false };
  const cases: [string, string][] = [
    ['opaque', 'has 1 section where a JWT has 3.'],
    ['a.b', 'has 2 sections where a JWT has 3.'],
    ['a.b.c', 'has 3 sections, but the first two are not JSON as in a JWT.'],
    ['a.b.c.d.e', 'has 5 sections where a JWT has 3, as many as an encrypted token (JWE).'],
    [good, "has 3 sections and decodes as a JWT here; it says alg 'RS256', typ 'at+jwt', kid 'k1'."],
  ];
  for (const [token, expected] of cases) t.ok(explained({ facts, token }).detail.endsWith(expected), expected);
});

t.test('unprocessable: the principal and the setting that names its claim (wire facts 2.4)', async (t) => {
  const { detail, action } = explained({
    facts: { code: 'unableToProcessToken' },
    token: jwtOf(header, { ...claims, azp: 'app' }),
  });
  t.match(detail, "says kid 'k1', iss 'https://idp'; it names sub 'svc', azp 'app'.");
  t.match(action, 'JSON Web Key Set URL');
  t.match(action, 'JWT Principal ID Claim Name');
  const none = explained({
    facts: { code: 'unableToProcessToken' },
    token: jwtOf(header, { ...claims, sub: undefined }),
  });
  t.match(none.detail, 'names no principal (sub, azp, appid, client_id).');
});

t.test('our own record of the expiry speaks where the token has none', async (t) => {
  const { detail, code } = explained({ facts: { ...second, remainingMs: -5 }, token: 'opaque' });
  t.equal(code, 'BEARERD_TOKEN_EXPIRED');
  t.match(detail, '401 without an error code.');
  t.match(detail, "was past the expiry that the token endpoint's answer gave it.");
  const jwt = explained({ facts: { ...second, remainingMs: -5, code: 'invalidToken' } });
  t.notMatch(jwt.detail, 'was past');
  t.match(jwt.action, 'JWT Maximum Clock Skew', 'expired by the clock, whatever the code');
});

t.test(
  'a body that cannot be repeated: what happens to the token, and to the request (RFC 9110 §15.5.2)',
  async (t) => {
    const m6 = explained({ facts: { code: 'expiredToken', replayable: false } });
    t.match(m6.detail, 'A new token is being fetched, but bearerd does not hold the whole request body');
    const m4 = explained({ facts: { code: 'expiredToken', replayable: false, current: false } });
    t.match(m4.detail, 'The token that it carried is no longer in use, but');
    t.equal(m4.action, catalog.BEARERD_BODY_NOT_REPLAYABLE.action);
    const resent = explained({ facts: { code: 'expiredToken', resent: true } });
    t.match(resent.detail, 'A new token is being fetched, but bearerd had sent the request twice already');
  },
);

t.test('M6b and M17 say what the refresh brought', async (t) => {
  const m6b = explained({ facts: { code: 'expiredToken', sinceUnhelpfulMs: 4200 } });
  t.match(m6b.detail, 'the last forced refresh, 4 s before, did not help.');
  t.match(
    explained({ facts: { code: 'expiredToken' }, refresh: 'identical' }).detail,
    'it came back unchanged when a new one',
  );
});

t.test("M15 and M16 are the token request's own error, with what the API had said", async (t) => {
  const facts = { code: 'expiredToken' };
  const refused = new BearerdError('BEARERD_TOKEN_REFUSED', 'The token endpoint answered 400 invalid_client', {
    action: 'Do this.',
  });
  const m16 = explained({ facts, refresh: 'permanent', refreshError: refused });
  t.equal(m16.code, 'BEARERD_TOKEN_REFUSED');
  t.match(
    m16.detail,
    /^The token endpoint answered 400 invalid_client\. A new token was asked for after Collibra answered .* 401 expiredToken/,
  );
  t.equal(m16.action, 'Do this.');
  const m15 = explained({ facts, refresh: 'transient' });
  t.equal(m15.code, 'BEARERD_TOKEN_UNAVAILABLE');
  t.equal(m15.action, catalog.BEARERD_TOKEN_UNAVAILABLE.action);
  t.match(m15.detail, 'No access token can be had at the moment (credential "idp"). A new token');
  t.equal(explained({ facts, refresh: 'permanent' }).code, 'BEARERD_TOKEN_REFUSED');
});

t.test("a user's rule is named as the reason, never the API", async (t) => {
  const fail: OwnRule[] = [{ status: 401, code: 'tokenRevoked', do: 'fail' }];
  const failed = explained({ facts: { code: 'tokenRevoked' }, rules: fail });
  t.equal(failed.code, 'BEARERD_TOKEN_INVALID');
  t.match(failed.detail, "401 tokenRevoked; the route's own challenge rules make that a failure.");
  t.match(failed.action, 'challenge of route "main"');
  const retry: OwnRule[] = [{ status: 401, code: 'tokenRevoked', do: 'retry' }];
  const retried = explained({ facts: { ...second, code: 'tokenRevoked' }, rules: retry });
  t.equal(retried.code, 'BEARERD_TOKEN_INVALID', 'the API did not say expired');
  t.match(retried.detail, 'a reason for a new token');
  const known: OwnRule[] = [{ status: 401, code: 'malformedToken', do: 'fail' }];
  t.match(explained({ facts: { code: 'malformedToken' }, rules: known }).action, 'issue JWT access tokens');
  const near = explained({ facts: { ...second, bearerError: 'invalid_token', remainingMs: 5 } });
  t.notMatch(near.detail, 'rules', 'near expiry is not a rule');
});

t.test('an unknown code and a Bearer error are both told', async (t) => {
  const { detail, action } = explained({
    profile: 'collaborate',
    facts: { ...second, code: 'x', bearerError: 'invalid_token' },
  });
  t.match(
    detail,
    'Collaborate answered the repeated request on route "main" with 401 x and the Bearer error invalid_token.',
  );
  t.match(action, 'tokenEndpoint');
});

t.test('the token that was sent never comes out, whatever the API echoes', async (t) => {
  for (const token of ['opaque-0123456789', good]) {
    const given = {
      token,
      text: `no: ${token}\u0007`,
      facts: { ...second, code: token.slice(0, 100), bearerError: token.slice(0, 100) },
    };
    for (const rules of [[], [{ status: 401, code: token.slice(0, 100), do: 'fail' }] satisfies OwnRule[]]) {
      const printed = JSON.stringify(explained({ ...given, rules, profile: 'generic' }));
      for (const part of [token, ...token.split('.')]) t.notOk(printed.includes(part));
    }
  }
});

t.test('every sentence of every API is whole and on one line', async (t) => {
  for (const api of Object.values(apis)) {
    const checks = [...api.codes.map((known) => known.check), api.check.expired, api.check.rejected];
    for (const check of checks) t.match(check, /^[A-Z][^\n]*\.$/);
    for (const { meaning } of api.codes) t.notMatch(meaning, /[.\n]$/);
  }
  const long = jwtOf(
    { ...header, kid: '😀'.repeat(500) },
    { ...claims, iss: 'i'.repeat(500), aud: Array(50).fill('a'.repeat(500)) },
  );
  const { detail } = explained({ facts: { ...second, code: 'invalidToken' }, token: long, text: 'u\n'.repeat(500) });
  t.notMatch(detail, /\n/);
  t.ok(detail.length < 1500, `${detail.length} characters`);
  t.ok(Buffer.from(detail).toString() === detail, 'no half characters');
});

t.test('lengths of time in words', async (t) => {
  const words = [0, -1.5, 119, 120, 7199, 7200, 172_799, 172_800].map(duration);
  t.same(words, ['0 s', '1 s', '119 s', '2 min', '119 min', '2 h', '47 h', '2 days']);
});
