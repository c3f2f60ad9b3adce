import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { file } from '../../src/provider/file.ts';
import { createTokenCache } from '../../src/token/token-cache.ts';
import { TokenSource } from '../../src/token/token-source.ts';
import { configure, make, obtain, refused, testContext } from './support.ts';

const nowMs = 1_700_000_000_000;
const at = { clock: { nowMs: () => nowMs, monotonicMs: () => 0 } };
const e = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: object): string => `${e({ alg: 'RS256' })}.${e(claims)}.c2ln`;
const inSeconds = (seconds: number) => nowMs / 1000 + seconds;

/** [what is in the file, what comes of it: milliseconds of life from now, or words of the failure] */
const contents: readonly (readonly [
  title: string,
  format: string,
  text: string,
  expected: number | undefined | RegExp,
])[] = [
  ['a bare opaque token never ends', 'raw', ' tok \n', undefined],
  ['a bare JWT ends with its exp', 'raw', jwt({ exp: inSeconds(90) }), 90_000],
  [
    'a bare JWT that has ended',
    'raw',
    jwt({ exp: inSeconds(0) }),
    /^The token of the file .+ expired at 2023-11-14T22:13:20.000Z\.$/,
  ],
  ['JSON where a bare token is said to be', 'raw', '{"access_token":"tok"}', /is JSON, not a bare token/],
  ['two words', 'raw', 'Bearer tok', /characters that cannot be in a header/],
  ['JSON without an end', 'json', '{"access_token":"tok"}', undefined],
  [
    'accessToken (az)',
    'json',
    '{"accessToken":"tok","expires_on":1700000060,"expiresOn":"2020-01-01 10:00:00.000000"}',
    60_000,
  ],
  ['token', 'json', '{"token":"tok","expiry":"2023-11-14T22:14:20Z"}', 60_000],
  [
    'expiry with a zone and fractions (Go)',
    'json',
    '{"access_token":"tok","expiry":"2023-11-15T00:14:20.123456789+02:00"}',
    60_123,
  ],
  ['the year 1 is never (Go)', 'json', '{"access_token":"tok","expiry":"0001-01-01T00:00:00Z"}', undefined],
  [
    'expires_in counts from the last change of the file, 100 s ago',
    'json',
    '{"access_token":"tok","expires_in":"160"}',
    60_000,
  ],
  ['expires_in that is over', 'json', '{"access_token":"tok","expires_in":100}', /expired at/],
  ['expires_at in milliseconds', 'json', '{"access_token":"tok","expires_at":1700000030500}', 30_500],
  ['expires_on in milliseconds, as text', 'json', '{"access_token":"tok","expires_on":"1700000030500"}', 30_500],
  [
    'expires_at in milliseconds that is over',
    'json',
    '{"access_token":"tok","expires_at":1699999999999}',
    /expired at/,
  ],
  ['expires_at in seconds', 'json', '{"access_token":"tok","expires_at":1700000030.5}', 30_500],
  [
    'the earliest of several ends',
    'json',
    `{"access_token":"${jwt({ exp: inSeconds(20) })}","expires_in":3600,"expires_on":1700000900}`,
    20_000,
  ],
  [
    'an exp that is over wins over a stated end',
    'json',
    `{"access_token":"${jwt({ exp: inSeconds(-1) })}","expires_on":1700000900}`,
    /expired at/,
  ],
  [
    'an ExecCredential',
    'json',
    JSON.stringify({ kind: 'ExecCredential', status: { token: 'tok', expirationTimestamp: '2023-11-14T22:14:20Z' } }),
    60_000,
  ],
  ['a byte order mark', 'json', '\ufeff{"access_token":"tok"}', undefined],
  ['no JSON', 'json', 'tok', /has no JSON object/],
  ['a list', 'json', '["tok"]', /has no JSON object/],
  ['half a file', 'json', '{"access_token":"to', /has no JSON object/],
  ['no token', 'json', '{"id_token":"tok"}', /has no access_token \(or token\)/],
  [
    'a certificate',
    'json',
    '{"kind":"ExecCredential","status":{"clientCertificateData":"x"}}',
    /has a client certificate, but no token/,
  ],
  ['a status that is none', 'json', '{"kind":"ExecCredential","status":"tok"}', /has no access_token/],
  ['a line break in the token', 'json', '{"access_token":"a\\r\\nb"}', /characters that cannot/],
];
for (const [title, format, text, expected] of contents) {
  t.test(`${format}: ${title}`, async (t) => {
    const path = join(t.testdir({ token: text }), 'token');
    utimesSync(path, inSeconds(-100), inSeconds(-100));
    const provider = make(file, { path, format }, testContext(at));
    if (expected instanceof RegExp) {
      const error = await refused(provider);
      t.match(error.message, expected);
      t.equal(error.failure.kind, /expired/.test(error.message) ? 'transient' : 'permanent');
      for (const word of ['tok', 'a\r']) t.notOk(error.message.includes(`"${word}`), 'the content is not shown');
    } else {
      const { requestedAtMs, lifetimeMs, recheckAfterMs } = await obtain(provider);
      t.equal(lifetimeMs === undefined ? undefined : requestedAtMs + lifetimeMs - nowMs, expected);
      t.equal(recheckAfterMs, 1_000);
    }
  });
}

t.test('a file dated in the future does not make a token live longer', async (t) => {
  const path = join(t.testdir({ token: '{"access_token":"tok","expires_in":60}' }), 'token');
  utimesSync(path, inSeconds(1000), inSeconds(1000));
  t.equal((await obtain(make(file, { path, format: 'json' }, testContext(at)))).lifetimeMs, 60_000);
});

t.test(
  'under way: two swaps of the symlink are each seen within a second, a moment without a file is bridged',
  async (t) => {
    const clock = { wallMs: nowMs, nowMs: () => clock.wallMs, monotonicMs: () => clock.wallMs - nowMs };
    const folder = t.testdir({
      one: { token: 'token-one' },
      two: { token: 'token-two' },
      three: { token: 'token-three' },
    });
    const swap = (to: string) => {
      symlinkSync(to, join(folder, '..tmp'));
      renameSync(join(folder, '..tmp'), join(folder, '..data'));
    };
    swap('one');
    symlinkSync('..data/token', join(folder, 'token'));
    const context = testContext({ clock });
    const events = { requestEnded: () => {}, refreshShared: () => {}, becameCurrent: () => {} };
    const provider = make(file, { path: join(folder, 'token') }, context);
    const source = new TokenSource('key', provider, createTokenCache(1), {
      clock,
      random: () => 0,
      log: context.log,
      events,
    });
    const sent = async () => {
      clock.wallMs += 1_000;
      return (await source.get(true)).token.value;
    };
    t.equal(await sent(), 'token-one');
    swap('two');
    t.equal(await sent(), 'token-two');
    swap('three');
    t.equal(await sent(), 'token-three');
    rmSync(join(folder, '..data'));
    t.equal(await sent(), 'token-three', 'gone for a moment');
    swap('one');
    clock.wallMs += 1_000;
    t.equal(await sent(), 'token-one');
    const lines = context.lines.map(({ fields }) => ('event' in fields ? fields.event : ''));
    for (let i = 0; i < 5; i++) await sent();
    t.same(lines, ['token_obtained', 'token_obtained', 'token_obtained', 'token_refresh_failed', 'token_obtained']);
    t.equal(context.lines.length, lines.length, 'reading the same token again is not told');
  },
);

t.test('a file that is not there, or a folder', async (t) => {
  const folder = t.testdir();
  const path = join(folder, 'token');
  t.match(configure(file, { path }).lints, [
    { path: 'path', problem: `the file ${path} does not exist`, severity: 'warning' },
  ]);
  const provider = make(file, { path });
  t.match((await refused(provider)).failure, { kind: 'transient', reason: 'secret_unreadable' });
  mkdirSync(path);
  t.match((await refused(provider)).message, `The file ${path} is a folder`);
  rmSync(path, { recursive: true });
  writeFileSync(path, 'token-four');
  t.equal(await provider.secretsChanged?.(), true);
  t.equal((await obtain(provider)).value, 'token-four');
  t.match(configure(file, {}).problems.join(), /path: is missing; write path: \/var\/run\/secrets\/token/);
});

t.test('a token that is no JWT is told once per token', async (t) => {
  const path = join(t.testdir({ token: 'a.b' }), 'token');
  const context = testContext({ wantsJwt: true });
  const provider = make(file, { path }, context);
  await obtain(provider);
  await obtain(provider);
  t.equal(context.lines.length, 1);
  writeFileSync(path, 'c.d');
  await obtain(provider);
  t.match(context.lines, [{ fields: { event: 'token_not_a_jwt' } }, { fields: { event: 'token_not_a_jwt' } }]);
});
