import t from 'tap';
import { bodyFacts, errorCodeOf } from '../../src/challenge/body.ts';
import type { Profile } from '../../src/challenge/policy.ts';
import { readChallenge } from '../../src/challenge/read-challenge.ts';

t.test('the code is a top-level string member of the profile (wire facts 5.1)', async (t) => {
  const cases: [Profile, string, string | undefined][] = [
    ['collibra', '{"errorCode":"a","error":"b","code":"c"}', 'a'],
    ['collibra', '{"code":"c","error":"b"}', 'b'],
    ['collibra', '{"code":"c"}', 'c'],
    ['collibra', '{"errorCode":401,"error":{"code":"x"},"code":"c"}', 'c'],
    ['collibra', '{"errorCode":"","error":"b"}', 'b'],
    ['collibra', '{"errorKey":"k"}', undefined],
    ['collaborate', '{"errorKey":"k","errorCode":"a"}', 'k'],
    ['collaborate', '{"errorCode":"a"}', undefined],
    ['generic', '{"error":"b","errorKey":"k"}', 'b'],
    ['collibra', '\uFEFF{"errorCode":"a"}', 'a'],
    ['collibra', ' \n{"errorCode":"a"}\n', 'a'],
    ['collibra', '{"data":{"errorCode":"a"}}', undefined],
    ['collibra', '[{"errorCode":"a"}]', undefined],
    ['collibra', '{"__proto__":{"errorCode":"a"}}', undefined],
  ];
  for (const [profile, text, expected] of cases) t.equal(errorCodeOf(profile, text), expected, `${profile} ${text}`);
});

t.test('what is no whole JSON object has no code and never throws (U21, U33)', async (t) => {
  const texts = [
    '',
    '{',
    '{"errorCode":"expiredTok',
    'null',
    '"expiredToken"',
    '1',
    '<html>login</html>',
    '\uFEFF',
    '\u0000',
  ];
  for (const text of [...texts, '['.repeat(60_000), '{"a":'.repeat(10_000)]) {
    t.equal(errorCodeOf('collibra', text), undefined, JSON.stringify(text.slice(0, 30)));
  }
});

t.test('a code is short and printable; anything else, an echoed token say, is none', async (t) => {
  t.equal(errorCodeOf('collibra', JSON.stringify({ errorCode: 'x'.repeat(129), error: 'b' })), 'b');
  t.equal(errorCodeOf('collibra', JSON.stringify({ errorCode: 'x'.repeat(128) })), 'x'.repeat(128));
  t.equal(errorCodeOf('collibra', JSON.stringify({ errorCode: 'a\nb' })), undefined);
});

t.test("the API's own sentence: userMessage, errorMessage", async (t) => {
  t.same(bodyFacts('collibra', '{"errorCode":"a","userMessage":"u"}'), { code: 'a', text: 'u' });
  t.same(bodyFacts('collaborate', '{"errorKey":"k","errorMessage":"m","userMessage":"u"}'), { code: 'k', text: 'm' });
  t.same(bodyFacts('generic', '{"error_description":"d"}'), { code: undefined, text: 'd' });
  t.same(bodyFacts('collibra', '{"userMessage":7}'), { code: undefined, text: undefined });
});

t.test('a 401 without a body or with one too long to be looked at still has its challenge (U34)', async (t) => {
  const read = readChallenge('collibra', ['Basic realm="x"', 'Bearer error="invalid_token"'], undefined);
  t.same(read, { code: undefined, bearerError: 'invalid_token', upstreamText: undefined });
});
