import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { providers } from '../../src/provider/index.ts';
import { staticToken } from '../../src/provider/static.ts';
import { make, obtain, refused, testContext } from './support.ts';

const nowMs = 1_700_000_000_000;
const e = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object): string => `${e({ alg: 'RS256' })}.${e(claims)}.c2ln`;
const at = { clock: { nowMs: () => nowMs, monotonicMs: () => 0 } };

t.test('an opaque static token never expires', async (t) => {
  const token = await obtain(make(staticToken, { token: 'abc!' }, testContext(at)));
  t.same(token, { value: 'abc!', requestedAtMs: nowMs, lifetimeMs: undefined, lifetimeSource: 'configured' });
});

t.test('a static JWT lives until its exp', async (t) => {
  const token = await obtain(make(staticToken, { token: jwt({ exp: nowMs / 1000 + 90 }) }, testContext(at)));
  t.equal(token.lifetimeMs, 90_000);
  t.equal(token.lifetimeSource, 'jwt_exp');
});

t.test('an expired token is never handed over; a new one in the file is', async (t) => {
  const path = join(t.testdir(), 'token');
  writeFileSync(path, `${jwt({ exp: nowMs / 1000 })}\n`);
  const provider = make(staticToken, { token: { file: path } }, testContext(at));
  const error = await refused(provider);
  t.equal(error.failure.reason, 'expired_token');
  t.equal(error.message, `The token of the file ${path} expired at 2023-11-14T22:13:20.000Z.`);
  writeFileSync(path, 'new-token\n');
  t.equal((await obtain(provider)).value, 'new-token');
});

t.test('an exp that is no date', async (t) => {
  t.match(
    (await refused(make(staticToken, { token: jwt({ exp: -1e300 }) }, testContext(at)))).message,
    'expired long ago',
  );
});

for (const bad of ['Bearer abc', 'a\r\nX-Evil: 1', 'ü']) {
  t.test(`${JSON.stringify(bad)} is refused and not shown`, async (t) => {
    const error = await refused(make(staticToken, { token: bad }));
    t.equal(error.failure.reason, 'invalid_token');
    t.equal(error.failure.kind, 'permanent');
    t.notMatch(error.message, bad);
  });
}

t.test('a static token that is no JWT is told where the API wants one', async (t) => {
  const context = testContext({ ...at, wantsJwt: true });
  await obtain(make(staticToken, { token: 'a.b' }, context));
  t.match(context.lines, [{ level: 'warn', fields: { event: 'token_not_a_jwt', sections: 2 } }]);
});

t.test('the list has each kind once', async (t) => {
  const kinds = providers.map(({ kind }) => kind);
  t.equal(new Set(kinds).size, kinds.length);
});
