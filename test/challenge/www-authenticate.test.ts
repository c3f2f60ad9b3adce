import t from 'tap';
import { bearerError, parseChallenges } from '../../src/challenge/www-authenticate.ts';
import { vectors } from './vectors.ts';

t.test('every vector of www_authenticate comes out as written', async (t) => {
  t.ok(vectors.www_authenticate.length >= 8);
  for (const { id, title, given, expect } of vectors.www_authenticate) {
    t.equal(bearerError(given.www_authenticate_lines) ?? null, expect.bearer_error, `${id} ${title}`);
  }
});

t.test('an error belongs to the scheme of its own challenge (wire facts 3.1, RFC 9449)', async (t) => {
  const cases: [string[], string | undefined][] = [
    [['DPoP error="use_dpop_nonce", Bearer realm="a"'], undefined],
    [['Bearer realm="a", DPoP error="use_dpop_nonce"'], undefined],
    [['DPoP error="use_dpop_nonce", Bearer error="invalid_token"'], 'invalid_token'],
    [['Bearer realm="a"', 'Bearer error="invalid_token"'], 'invalid_token'],
    [['Bearer', 'Basic error="invalid_token"'], undefined],
    [['bEARER ERROR="Invalid_Token"'], 'Invalid_Token'],
    [['error="invalid_token"'], undefined],
    [['XBearer error="invalid_token"'], undefined],
  ];
  for (const [lines, expected] of cases) t.equal(bearerError(lines), expected, JSON.stringify(lines));
});

t.test('several lines are one list (RFC 9110 §5.3)', async (t) => {
  t.equal(bearerError(['Bearer realm="a"', 'error="invalid_token"']), 'invalid_token');
});

t.test('token68 values are not taken for schemes or parameters (RFC 9110 §11.2)', async (t) => {
  const schemes = parseChallenges(['Negotiate YII=, NTLM ab/cd+e==, Bearer error=invalid_token']);
  t.same(
    schemes.map((challenge) => challenge.scheme),
    ['negotiate', 'ntlm', 'bearer'],
  );
  t.equal(bearerError(['Negotiate Bearer/error=, Basic realm=x']), undefined);
});

t.test('quoted pairs are undone, empty elements and empty values do not count (RFC 9110 §5.6)', async (t) => {
  t.equal(bearerError(['Bearer error="inv\\alid\\"_token"']), 'invalid"_token');
  t.equal(bearerError([', ,Bearer ,, error="invalid_token" ,']), 'invalid_token');
  t.equal(bearerError(['Bearer error=""']), undefined);
  t.equal(bearerError(['Bearer error=']), undefined);
  t.equal(bearerError(['Bearer error="first", error="second"']), 'first');
});

t.test('a malformed value is skipped and what follows still counts', async (t) => {
  t.equal(bearerError(['Bearer error="open']), undefined);
  t.equal(bearerError(['Basic realm="open, Bearer error="invalid_token"']), undefined, 'inside the quotes');
  t.equal(bearerError(['Basic realm="open', 'Bearer error="invalid_token"']), 'invalid_token');
  t.equal(bearerError(['"stray" Bearer error="invalid_token"']), 'invalid_token');
  t.equal(bearerError(['"stray"Bearer error="invalid_token"']), 'invalid_token');
  t.equal(bearerError(['"Bearer error=invalid_token']), undefined);
  t.equal(bearerError(['@@@ = ; Bearer error="invalid_token"']), 'invalid_token');
});

t.test('no header makes it throw or run long', async (t) => {
  const pieces = ['Bearer', ' ', ',', '=', '"', '\\', 'error', 'invalid_token', '\t', '/', '\u00e9', '\u0000', 'a='];
  let seed = 7;
  for (let round = 0; round < 3000; round += 1) {
    let line = '';
    for (let length = 0; length < 14; length += 1) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      line += pieces[seed % pieces.length] ?? '';
    }
    bearerError([line, line]);
  }
  const started = performance.now();
  for (const unit of ['"', '\\', 'a ', 'a=', '=', ',', 'Bearer ', '"a', 'a="']) bearerError([unit.repeat(16_000)]);
  t.ok(performance.now() - started < 1000, '16 KiB of anything takes milliseconds');
});
