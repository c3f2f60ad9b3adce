import t from 'tap';
import type { TokenAnswer } from '../../src/provider/token-answer.ts';
import { parseTokenAnswer, type TokenResult } from '../../src/provider/token-response.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { answerOf, vectors } from './vectors.ts';

const nowMs = 1_700_000_000_000;
const secret = 'p%w ü&<>"1234';

function parse(
  answer: TokenAnswer,
  requestedAtMs = nowMs,
  at = requestedAtMs,
  more: { readonly tokenField?: string; readonly skewMs?: number } = {},
): TokenResult | TokenRequestError {
  return parseTokenAnswer(
    answer,
    {
      endpoint: 'https://idp.test/token',
      requestedAtMs,
      defaultLifetimeMs: 300_000,
      maxLifetimeMs: 86_400_000,
      redact: (text) => text.replaceAll(secret, '‹secret›'),
      cure: () => undefined,
      ...more,
    },
    at,
  );
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): TokenAnswer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, text: JSON.stringify(body) };
}

function result(answer: TokenAnswer, requestedAtMs = nowMs, at = requestedAtMs): TokenResult {
  const parsed = parse(answer, requestedAtMs, at);
  if (parsed instanceof TokenRequestError) throw parsed;
  return parsed;
}

function failure(answer: TokenAnswer): TokenRequestError {
  const parsed = parse(answer);
  if (!(parsed instanceof TokenRequestError)) throw new Error('a token came out of it');
  return parsed;
}

for (const vector of vectors.token_responses) {
  t.test(`${vector.id}: ${vector.title}`, async (t) => {
    const { expect, given, config } = vector;
    const parsed = parse(answerOf(vector), given.now * 1000, given.now * 1000, config);
    if (parsed instanceof TokenRequestError) {
      t.equal(expect.ok, false);
      t.equal(parsed.failure.kind, expect.kind);
      t.equal(parsed.failure.reason, expect.code);
      t.equal(parsed.failure.retryAfterMs, expect.retryAfterS === undefined ? undefined : expect.retryAfterS * 1000);
      t.match(parsed.message, /^POST https:\/\/idp\.test\/token /);
      t.notMatch(parsed.message, /[\r\n]/);
    } else {
      t.equal(expect.ok, true);
      t.equal(parsed.token.lifetimeMs, (expect.lifetimeS ?? 0) * 1000);
      t.equal(parsed.token.lifetimeSource, expect.source);
      t.equal(parsed.clockAhead, vector.id === 'T41');
    }
  });
}

const jwt = (claims: object): string =>
  `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
const now = nowMs / 1000;

const lives: readonly (readonly [string, object, number, string, boolean])[] = [
  [
    'expires_on where expires_in is absent',
    { access_token: 'a', expires_on: String(now + 900) },
    900,
    'expires_on',
    false,
  ],
  ['expires_on in the past says nothing', { access_token: 'a', expires_on: now - 5 }, 300, 'default', false],
  [
    'expires_on does not replace an unusable expires_in',
    { access_token: 'a', expires_in: '', expires_on: now + 900 },
    300,
    'default',
    false,
  ],
  ['a negative expires_in is unknown', { access_token: 'a', expires_in: -1 }, 300, 'default', false],
  ['less than a second is unknown after the floor', { access_token: 'a', expires_in: 0.9 }, 300, 'default', false],
  ['hexadecimal is no plain decimal', { access_token: 'a', expires_in: '0x10' }, 300, 'default', false],
  ['a decimal string is floored', { access_token: 'a', expires_in: '59.9' }, 59, 'expires_in', false],
  [
    'an exp of more than ten years is not believed',
    { access_token: jwt({ exp: now + 315_360_001 }) },
    300,
    'default',
    false,
  ],
  [
    'an exp of ten years is believed, and clamped',
    { access_token: jwt({ exp: now + 315_360_000 }) },
    86_400,
    'clamped',
    false,
  ],
  [
    'an exp in milliseconds does not shorten expires_in',
    { access_token: jwt({ exp: nowMs }), expires_in: 60 },
    60,
    'expires_in',
    false,
  ],
  [
    'exp passed, no expires_in: exp - iat',
    { access_token: jwt({ exp: now - 10, iat: now - 610 }) },
    600,
    'jwt_exp',
    true,
  ],
  ['exp passed, no expires_in, no iat', { access_token: jwt({ exp: now - 10 }) }, 300, 'default', true],
  ['exp passed, iat after exp', { access_token: jwt({ exp: now - 10, iat: now }) }, 300, 'default', true],
  ['exp as a string is no NumericDate', { access_token: jwt({ exp: String(now + 60) }) }, 300, 'default', false],
];
for (const [title, body, seconds, source, clockAhead] of lives) {
  t.test(`wire facts 4.5: ${title}`, async (t) => {
    const parsed = result(json(200, body));
    t.equal(parsed.token.lifetimeMs, seconds * 1000);
    t.equal(parsed.token.lifetimeSource, source);
    t.equal(parsed.clockAhead, clockAhead);
  });
}

t.test('wire facts 4.6: a life counts from the start of the request and never passes the exp', async (t) => {
  const slow = json(200, { access_token: jwt({ exp: now + 60 }), expires_in: 60 });
  const { token } = result(slow, nowMs, nowMs + 3000);
  t.equal(token.requestedAtMs, nowMs);
  t.equal(token.lifetimeMs, 60_000);
  t.equal(result(json(200, { access_token: jwt({ exp: now + 60 }) }), nowMs - 5000, nowMs).token.lifetimeMs, 65_000);
});

const types: readonly (readonly [unknown, boolean])[] = [
  ['bearer', true],
  ['BEARER', true],
  ['BearerToken', true],
  [null, true],
  ['', false],
  [7, false],
  ['Bearer ', false],
  ['N_A', false],
];
for (const [type, good] of types) {
  t.test(`wire facts 4.4: token_type ${JSON.stringify(type)}`, async (t) => {
    const parsed = parse(json(200, { access_token: 'a', token_type: type }));
    t.equal(
      parsed instanceof TokenRequestError ? parsed.failure.reason : 'token',
      good ? 'token' : 'unsupported_token_type',
    );
  });
}

for (const bad of ['a b', 'a\u0000', 'ü', '\u007f', 'a\t']) {
  t.test(`stack traps: a token with ${JSON.stringify(bad)} is refused and not shown`, async (t) => {
    const error = failure(json(200, { access_token: `good-part${bad}`, expires_in: 60 }));
    t.equal(error.failure.reason, 'invalid_token_response');
    t.equal(error.failure.kind, 'permanent');
    t.notMatch(error.message, 'good-part');
  });
}

t.test('Salesforce: an opaque token with ! is a token', async (t) => {
  t.equal(result(json(200, { access_token: '00D!AQ' })).token.value, '00D!AQ');
});

t.test('wire facts 4.7: a byte order mark is tolerated (T50)', async (t) => {
  const answer = json(200, { access_token: 'a', expires_in: 60 });
  t.equal(result({ ...answer, text: `\ufeff${answer.text}` }).token.lifetimeMs, 60_000);
});

t.test('wire facts 1.3: 200 with errorKey is an error only without a token (T57)', async (t) => {
  const error = failure(json(200, { errorKey: 'invalid_json', errorMessage: 'The json was invalid.' }));
  t.equal(error.failure.reason, 'invalid_json');
  t.equal(error.failure.kind, 'permanent');
  t.match(error.message, '"The json was invalid."');
  t.equal(result(json(200, { errorKey: 'x', access_token: 'a' })).token.value, 'a');
  t.equal(result(json(200, { error: null, access_token: 'a' })).token.value, 'a');
  t.equal(failure(json(200, { error: 'x', access_token: 'a' })).failure.reason, 'x');
});

t.test('wire facts 4.3: what is transient', async (t) => {
  for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) {
    t.equal(failure(json(status, { error: 'invalid_client' })).failure.kind, 'transient', `${status}`);
  }
  for (const code of ['server_error', 'temporarily_unavailable', 'slow_down', 'Server_Error']) {
    t.equal(failure(json(400, { error: code })).failure.kind, 'transient', code);
    t.equal(failure(json(200, { error: code })).failure.kind, 'transient', `200 ${code}`);
  }
  for (const status of [400, 401, 403, 404, 405, 410, 415, 422]) {
    t.equal(failure({ status, headers: {}, text: '' }).failure.kind, 'permanent', `${status}`);
  }
});

const waits: readonly (readonly [string, number | undefined])[] = [
  ['0', 0],
  [' 7 ', 7000],
  ['999999999999999999999999', 86_400_000],
  ['Tue, 14 Nov 2023 22:13:50 GMT', 30_000],
  ['Tuesday, 14-Nov-23 22:13:50 GMT', 30_000],
  ['1.5', undefined],
  ['-1', undefined],
  ['soon', undefined],
  ['', undefined],
];
for (const [value, expected] of waits) {
  t.test(`RFC 9110 §10.2.3: Retry-After ${JSON.stringify(value)}`, async (t) => {
    t.equal(failure(json(503, {}, { 'Retry-After': value })).failure.retryAfterMs, expected);
  });
}

t.test(
  'RFC 9110 §10.2.3: a Retry-After date is read by the clock of whoever wrote it, however wrong that or ours is',
  async (t) => {
    const theirMs = nowMs + 3_600_000;
    const date = (ms: number) => new Date(ms).toUTCString();
    const waitOf = (headers: Readonly<Record<string, string>>, skewMs = 0) => {
      const parsed = parse(json(503, {}, { 'retry-after': date(theirMs + 5_000), ...headers }), nowMs, nowMs, {
        skewMs,
      });
      return parsed instanceof TokenRequestError ? parsed.failure.retryAfterMs : undefined;
    };
    t.equal(
      waitOf({ date: date(theirMs) }),
      5_000,
      'by the Date of the same answer, although nothing is known of the clocks',
    );
    t.equal(waitOf({}, 3_600_000), 5_000, 'by the known difference, where there is no Date');
    t.equal(waitOf({ date: 'yesterday' }, 3_600_000), 5_000, 'or none that can be read');
    t.equal(waitOf({ date: date(theirMs - 60_000), age: '60' }, 3_600_000), 5_000, 'or an old one out of a cache');
    t.equal(waitOf({}), 3_605_000);
  },
);

t.test('wire facts 4.3: Retry-After on a permanent refusal changes nothing', async (t) => {
  t.equal(failure(json(400, { error: 'invalid_client' }, { 'retry-after': '5' })).failure.retryAfterMs, undefined);
});

t.test('wire facts 4.9: the error text is one line of at most 200 characters without the secret', async (t) => {
  const text = `AADSTS7000215:\r\nwrong \u2028\u202e\u001b[31m secret ${secret} ${'x'.repeat(300)}`;
  const { message } = failure(json(401, { error: 'invalid_client', error_description: text }));
  t.match(message, /answered 401 invalid_client: "AADSTS7000215: wrong \[31m secret ‹secret› x+…"\.$/);
  t.equal([...(/"(.*)"/.exec(message)?.[1] ?? '')].length, 200);
});

t.test('wire facts 4.9: the cut does not leave the first half of a secret', async (t) => {
  const { message } = failure(json(401, { error: 'x', error_description: `${'y'.repeat(195)}${secret}` }));
  t.notMatch(message, 'p%w');
});

t.test('an echoed JWT is left out although nobody told us about it', async (t) => {
  const token = jwt({ sub: 'x' });
  const { message } = failure(json(400, { error: 'x', error_description: `bad assertion ${token}!` }));
  t.match(message, '"bad assertion ‹token›!"');
});

t.test('an error code that is no code, or holds the secret, does not become the reason', async (t) => {
  t.equal(failure(json(400, { error: 'a b\nc' })).failure.reason, 'http_400');
  t.equal(failure(json(400, { error: 'x'.repeat(65) })).failure.reason, 'http_400');
  t.equal(failure(json(400, { error: { code: 1 } })).failure.reason, 'http_400');
  t.equal(failure(json(200, { error: { code: 1 } })).failure.reason, 'invalid_token_response');
  const question = failureWith(json(400, { error: 'hunter22' }), 'hunter22');
  t.equal(question.failure.reason, 'http_400');
  t.notMatch(question.message, 'hunter22');
});

function failureWith(answer: TokenAnswer, known: string): TokenRequestError {
  const parsed = parseTokenAnswer(
    answer,
    {
      endpoint: 'https://idp.test/token',
      requestedAtMs: nowMs,
      defaultLifetimeMs: 1,
      maxLifetimeMs: 1,
      redact: (text) => text.replaceAll(known, '‹secret›'),
      cure: (reason) => `cure of ${reason}`,
    },
    nowMs,
  );
  if (!(parsed instanceof TokenRequestError)) throw new Error('a token came out of it');
  return parsed;
}

t.test("the provider's own cure comes first", async (t) => {
  t.equal(failureWith(json(400, { error: 'invalid_scope' }), 'x').occurrence.action, 'cure of invalid_scope');
});

const cures: readonly (readonly [string, TokenAnswer, RegExp])[] = [
  ['404', { status: 404, headers: {}, text: '' }, /tokenEndpoint/],
  ['405', { status: 405, headers: {}, text: '' }, /tokenEndpoint/],
  ['403 with an empty body', { status: 403, headers: {}, text: ' ' }, /gives no reason.*clientId.*firewall/],
  ['403 HTML', { status: 403, headers: { 'content-type': 'text/html' }, text: '<p>no' }, /firewall.*web page/],
  ['200 HTML', { status: 200, headers: {}, text: '<!DOCTYPE html><title>Sign in' }, /tokenEndpoint.*web page/],
  ['200 text', { status: 200, headers: {}, text: 'ok' }, /tokenEndpoint/],
  ['302', { status: 302, headers: { location: '/login?x=1' }, text: '' }, /tokenEndpoint.*redirect/],
];
for (const [title, answer, expected] of cures) {
  t.test(`the next step after ${title}`, async (t) => {
    t.match(failure(answer).occurrence.action, expected);
  });
}

t.test('a transient failure keeps the next step of the catalog', async (t) => {
  t.equal(
    failure({ status: 502, headers: { 'content-type': 'text/html' }, text: '<h1>x' }).occurrence.action,
    undefined,
  );
});

t.test('T84: the words of an HTML page survive, its scripts do not', async (t) => {
  const text = '<html><script>var a = 1</script><style>b</style><h1>502 Bad\nGateway</h1></html>';
  t.match(failure({ status: 502, headers: {}, text }).message, /answered 502: the body is HTML: "502 Bad Gateway"\.$/);
});

t.test('T71: the redirect target is named without its query', async (t) => {
  const { message } = failure({ status: 307, headers: { Location: 'https://evil.example/t?code=abc' }, text: '' });
  t.match(message, 'answered 307, a redirect to "https://evil.example/t", which is not followed.');
  t.notMatch(message, 'abc');
  t.match(failure({ status: 304, headers: {}, text: '' }).message, 'answered 304, a redirect, which');
  t.match(failure({ status: 302, headers: { location: 'http://[' }, text: '' }).message, 'a redirect, which');
});

t.test('a 2xx that is not JSON is never quoted: it may be a bare token', async (t) => {
  const { message } = failure({ status: 200, headers: {}, text: 'opaque-token-9f8e7d' });
  t.notMatch(message, '9f8e7d');
  t.match(message, 'answered 200, but the body is not a JSON object (19 characters).');
});

t.test('a refusal that is not JSON is quoted', async (t) => {
  t.match(failure({ status: 400, headers: {}, text: 'no\nway' }).message, 'the body is not a JSON object: "no way"');
  t.match(failure({ status: 400, headers: {}, text: '\u0000' }).message, 'the body is not a JSON object.');
});

t.test('an unreadable body is described, and the status still decides', async (t) => {
  const answer = { headers: {}, text: '', unreadable: 'is longer than 1048576 bytes' };
  const ok = failure({ ...answer, status: 200 });
  t.equal(ok.failure.kind, 'transient');
  t.equal(ok.failure.reason, 'invalid_token_response');
  t.match(ok.message, 'the body is longer than 1048576 bytes');
  t.equal(failure({ ...answer, status: 401 }).failure.reason, 'http_401');
});

t.test('T52: a lone id_token is explained', async (t) => {
  t.match(failure(json(200, { id_token: 'a.b.c' })).message, 'there is an id_token');
  t.match(failure(json(200, {})).message, 'access_token is missing.');
});

t.test('Okta and Collibra spell their errors differently', async (t) => {
  t.equal(
    failure(json(401, { errorCode: 'E0000004', errorSummary: 'Authentication failed' })).failure.reason,
    'E0000004',
  );
  t.match(failure(json(401, { errorCode: 'x', userMessage: 'Nope', message: 'Nope' })).message, '401 x: "Nope".');
});

t.test('JSON that is no object is as bad as no JSON', async (t) => {
  for (const text of ['[]', 'null', '"x"', '7']) {
    const error = failure({ status: 200, headers: {}, text });
    t.equal(error.failure.reason, 'invalid_token_response');
    t.equal(error.failure.kind, 'transient', text);
  }
});

t.test('a number beyond the range of a double is unknown', async (t) => {
  const answer = { status: 200, headers: {}, text: '{"access_token":"a","expires_in":1e999}' };
  t.equal(result(answer).token.lifetimeSource, 'default');
});

t.test('of a repeated header field the first value counts', async (t) => {
  t.equal(failure({ status: 503, headers: { 'retry-after': ['5', '6'] }, text: '' }).failure.retryAfterMs, 5000);
});

t.test('entities of a page are decoded, those that we do not know stay', async (t) => {
  const text = '<html><p>Q&amp;A &lt;&#39;x&#x27;&gt; &copy;</html>';
  t.match(failure({ status: 500, headers: {}, text }).message, `"Q&A <'x'> &copy;"`);
});

t.test('RFC 7519 §4.1.4: exp and expires_on are times of the other clock, where that is known to differ', async (t) => {
  const jwt = (exp: number) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    return `${part({ alg: 'RS256' })}.${part({ exp })}.c2ln`;
  };
  const now = nowMs / 1000;
  for (const skewSeconds of [-300, 300]) {
    const skewMs = skewSeconds * 1000;
    const life = (body: object) => {
      const parsed = parse(json(200, body), nowMs, nowMs, { skewMs });
      return parsed instanceof TokenRequestError ? parsed : [parsed.token.lifetimeMs, parsed.clockAhead];
    };
    t.same(life({ access_token: jwt(now + skewSeconds + 60) }), [60_000, false], `${skewSeconds} s`);
    t.same(life({ access_token: 'opaque', expires_on: now + skewSeconds + 60 }), [60_000, false]);
    t.same(life({ access_token: 'opaque', expires_in: 60 }), [60_000, false], 'a span is a span on every clock');
  }
});
