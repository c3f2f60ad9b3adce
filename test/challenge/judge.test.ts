import t from 'tap';
import { judge, judgeRefresh } from '../../src/challenge/judge.ts';
import type { ChallengeFacts, OwnRule, Profile, Verdict } from '../../src/challenge/policy.ts';

/** An hour's token, 1600 s old, that has worked; a GET. */
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
const fresh = { accepted: false, ageMs: 1000, remainingMs: 3_599_000 };

type Row = [
  title: string,
  given: Partial<ChallengeFacts> & { profile?: Profile },
  expect: `${Verdict['rule']} ${Verdict['class']} ${Verdict['action']} ${Verdict['cache']} ${Verdict['log']}${' cooldown' | ''}`,
];

const rows: Row[] = [
  ['M0 200', { status: 200, code: 'expiredToken' }, 'M0 none pass keep debug'],
  ['M0 403', { status: 403, code: 'invalidToken', attempt: 2 }, 'M0 none pass keep debug'],
  ['M0 407, rem <= 0', { status: 407, remainingMs: -1 }, 'M0 none pass keep debug'],
  ['M2a none', { attempt: 2 }, 'M2a none pass keep warn cooldown'],
  ['M2a not-auth', { attempt: 2, bearerError: 'invalid_request' }, 'M2a not-auth pass keep warn cooldown'],
  ['M2b expired', { attempt: 2, code: 'expiredToken' }, 'M2b expired explain cap error cooldown'],
  ['M2b rejected', { attempt: 2, code: 'invalidToken' }, 'M2b rejected explain cap error cooldown'],
  ['M2b unusable', { attempt: 2, code: 'malformedToken' }, 'M2b unusable explain cap error cooldown'],
  [
    'M2b unprocessable keeps',
    { attempt: 2, code: 'unableToProcessToken' },
    'M2b unprocessable explain keep error cooldown',
  ],
  ['M2b before M4', { attempt: 2, code: 'expiredToken', current: false }, 'M2b expired explain cap error cooldown'],
  ['M3 insufficient_scope', { bearerError: 'insufficient_scope' }, 'M3 not-auth pass keep info'],
  ['M3 before M4', { bearerError: 'Invalid_Request', current: false }, 'M3 not-auth pass keep info'],
  ['M4', { code: 'expiredToken', current: false }, 'M4 expired repeat-with-current keep debug'],
  ['M4 class none', { current: false }, 'M4 none repeat-with-current keep debug'],
  ['M4 in cooldown', { current: false, sinceUnhelpfulMs: 1 }, 'M4 none repeat-with-current keep debug'],
  [
    'M4 not replayable',
    { code: 'malformedToken', current: false, replayable: false },
    'M4 unusable explain-retriable keep debug',
  ],
  [
    'M4 sent twice',
    { code: 'malformedToken', current: false, resent: true },
    'M4 unusable explain-retriable keep debug',
  ],
  ['M6 sent twice', { code: 'expiredToken', resent: true }, 'M6 expired explain-retriable invalidate warn'],
  ['M4 none, not replayable', { current: false, replayable: false }, 'M4 none pass keep debug'],
  ['M5', { code: 'expiredToken' }, 'M5 expired refresh-and-repeat invalidate info'],
  [
    'M5 10 s after',
    { code: 'EXPIREDTOKEN', sinceUnhelpfulMs: 10_000 },
    'M5 expired refresh-and-repeat invalidate info',
  ],
  [
    'M5 rem 0 beats a code',
    { code: 'malformedToken', remainingMs: 0 },
    'M5 expired refresh-and-repeat invalidate info',
  ],
  [
    'M5 rem < 0 beats not-auth',
    { bearerError: 'insufficient_scope', remainingMs: -1 },
    'M5 expired refresh-and-repeat invalidate info',
  ],
  ['M5 near expiry, 30 s', { remainingMs: 30_000 }, 'M5 expired refresh-and-repeat invalidate info'],
  ['M12 at 30.001 s', { remainingMs: 30_001 }, 'M12 none pass keep info'],
  [
    'M5 near expiry, 10 % of six minutes is more than 30 s',
    { profile: 'collaborate', remainingMs: 30_000, ageMs: 330_000 },
    'M5 expired refresh-and-repeat invalidate info',
  ],
  [
    'M5 near expiry, 10 % of 100 s',
    { remainingMs: 10_000, ageMs: 90_000 },
    'M5 expired refresh-and-repeat invalidate info',
  ],
  ['M12 just above 10 %', { remainingMs: 10_001, ageMs: 90_000 }, 'M12 none pass keep info'],
  [
    'M13 near expiry with another code',
    { code: 'x', remainingMs: 10_000 },
    'M13 none refresh-and-repeat invalidate info',
  ],
  ['M6 expired', { code: 'expiredToken', replayable: false }, 'M6 expired explain-retriable invalidate warn'],
  [
    'M6 expired, 10 s after',
    { code: 'expiredToken', replayable: false, sinceUnhelpfulMs: 10_000 },
    'M6 expired explain-retriable invalidate warn',
  ],
  [
    'M6 invalidToken, accepted',
    { code: 'invalidToken', replayable: false },
    'M6 rejected explain-retriable invalidate warn',
  ],
  [
    'M6 invalidToken, 60 s old',
    { code: 'invalidToken', replayable: false, ...fresh, ageMs: 60_000 },
    'M6 rejected explain-retriable invalidate warn',
  ],
  [
    'M6 Bearer invalid_token',
    { bearerError: 'invalid_token', replayable: false, ...fresh },
    'M6 rejected explain-retriable invalidate warn',
  ],
  ['M6b expired', { code: 'expiredToken', sinceUnhelpfulMs: 9999 }, 'M6b expired explain cap error'],
  [
    'M6b expired, not replayable',
    { code: 'expiredToken', sinceUnhelpfulMs: 9999, replayable: false },
    'M6b expired explain cap error',
  ],
  ['M6b Bearer', { bearerError: 'invalid_token', sinceUnhelpfulMs: 59_999 }, 'M6b rejected explain cap error'],
  [
    'M6b Bearer, not replayable',
    { bearerError: 'invalid_token', sinceUnhelpfulMs: 0, replayable: false },
    'M6b rejected explain cap error',
  ],
  [
    'M7 in every profile',
    { profile: 'collaborate', bearerError: 'INVALID_TOKEN', ...fresh },
    'M7 rejected refresh-and-repeat invalidate warn',
  ],
  [
    'M7 60 s after',
    { profile: 'generic', bearerError: 'invalid_token', sinceUnhelpfulMs: 60_000 },
    'M7 rejected refresh-and-repeat invalidate warn',
  ],
  ['M8 accepted', { code: 'invalidtoken', ageMs: 0 }, 'M8 rejected refresh-and-repeat invalidate warn'],
  ['M8 60 s old', { code: 'invalidToken', ...fresh, ageMs: 60_000 }, 'M8 rejected refresh-and-repeat invalidate warn'],
  [
    'M8 60 s after',
    { code: 'invalidToken', sinceUnhelpfulMs: 60_000 },
    'M8 rejected refresh-and-repeat invalidate warn',
  ],
  ['M9 fresh', { code: 'invalidToken', ...fresh }, 'M9 rejected explain cap error'],
  ['M9 59.999 s old', { code: 'invalidToken', ...fresh, ageMs: 59_999 }, 'M9 rejected explain cap error'],
  ['M9 fresh, not replayable', { code: 'invalidToken', ...fresh, replayable: false }, 'M9 rejected explain cap error'],
  ['M9 in cooldown', { code: 'invalidToken', sinceUnhelpfulMs: 59_999 }, 'M9 rejected explain cap error'],
  ['M10', { code: 'malformedToken' }, 'M10 unusable explain cap error'],
  ['M10 not replayable', { code: 'malformedToken', replayable: false }, 'M10 unusable explain cap error'],
  [
    'M10 whatever the challenge says',
    { code: 'malformedToken', bearerError: 'invalid_token' },
    'M10 unusable explain cap error',
  ],
  [
    'M9 whatever the challenge says',
    { code: 'invalidToken', bearerError: 'invalid_token', ...fresh },
    'M9 rejected explain cap error',
  ],
  ['M11', { code: 'unableToProcessToken' }, 'M11 unprocessable explain keep error'],
  ['M12', {}, 'M12 none pass keep info'],
  ['M12 not replayable, in cooldown', { replayable: false, sinceUnhelpfulMs: 1 }, 'M12 none pass keep info'],
  ['M13 HEAD', { method: 'HEAD' }, 'M13 none refresh-and-repeat invalidate info'],
  ['M13 rem unknown', { remainingMs: undefined }, 'M13 none refresh-and-repeat invalidate info'],
  ['M13 60 s after', { method: 'HEAD', sinceUnhelpfulMs: 60_000 }, 'M13 none refresh-and-repeat invalidate info'],
  ['M13 not replayable', { remainingMs: undefined, replayable: false }, 'M13 none pass invalidate info'],
  [
    'M13 collaborate reads no Collibra code',
    { profile: 'collaborate', code: 'malformedToken' },
    'M13 none refresh-and-repeat invalidate info',
  ],
  [
    'M13 generic reads no Collibra code',
    { profile: 'generic', code: 'unableToProcessToken' },
    'M13 none refresh-and-repeat invalidate info',
  ],
  ['M14', { method: 'HEAD', sinceUnhelpfulMs: 59_999 }, 'M14 none pass keep info'],
  ['M14 collaborate', { profile: 'collaborate', code: 'x', sinceUnhelpfulMs: 0 }, 'M14 none pass keep info'],
];

function line(verdict: Verdict): string {
  const { rule, class: klass, action, cache, log, startCooldown } = verdict;
  return `${rule} ${klass} ${action} ${cache} ${log}${startCooldown ? ' cooldown' : ''}`;
}

t.test('the rows M0-M14 of wire facts 5.2', async (t) => {
  for (const [title, { profile = 'collibra', ...given }, expected] of rows) {
    t.equal(line(judge(profile, { ...usual, ...given }, [])), expected, title);
  }
});

t.test('the rows M15-M17: a refresh that brought no new token', async (t) => {
  const expired = judge('collibra', { ...usual, code: 'expiredToken' }, []);
  const none = judge('collaborate', usual, []);
  t.equal(line(judgeRefresh(expired, 'transient')), 'M15 expired explain-retriable keep error');
  t.equal(line(judgeRefresh(expired, 'permanent')), 'M16 expired explain keep error');
  t.equal(line(judgeRefresh(expired, 'identical')), 'M17 expired explain cap warn cooldown');
  t.equal(line(judgeRefresh(none, 'transient')), 'M15 none pass keep error');
  t.equal(line(judgeRefresh(none, 'permanent')), 'M16 none pass keep error');
  t.equal(line(judgeRefresh(none, 'identical')), 'M17 none pass keep warn cooldown');
});

const retry: OwnRule[] = [{ status: 401, code: 'tokenRevoked', do: 'retry' }];
const fail: OwnRule[] = [{ status: 401, code: 'tokenRevoked', do: 'fail' }];
const pass: OwnRule[] = [{ status: 401, code: 'tokenRevoked', do: 'pass' }];

t.test("the user's own rules come before the table (interface 3, challenge)", async (t) => {
  const own: [string, OwnRule[], Partial<ChallengeFacts>, string][] = [
    ['retry as M5', retry, {}, 'M5 expired refresh-and-repeat invalidate info'],
    ['retry as M4', retry, { current: false }, 'M4 expired repeat-with-current keep debug'],
    ['retry as M6', retry, { replayable: false }, 'M6 expired explain-retriable invalidate warn'],
    ['retry as M6b', retry, { sinceUnhelpfulMs: 9999 }, 'M6b expired explain cap error'],
    ['retry as M2b', retry, { attempt: 2 }, 'M2b expired explain cap error cooldown'],
    ['fail', fail, {}, 'own rejected explain cap error'],
    ['fail when not current', fail, { current: false }, 'own rejected explain cap error'],
    ['fail, second attempt', fail, { attempt: 2 }, 'own rejected explain cap error cooldown'],
    ['pass', pass, {}, 'own none pass keep info'],
    ['pass although rem <= 0', pass, { remainingMs: -1 }, 'own none pass keep info'],
    ['pass, second attempt', pass, { attempt: 2 }, 'own none pass keep info cooldown'],
    ['not for another status', fail, { status: 403 }, 'M0 none pass keep debug'],
    ['not for another code', fail, { code: 'tokenRevoked2' }, 'M12 none pass keep info'],
    ['not without a code', fail, { code: undefined }, 'M12 none pass keep info'],
  ];
  for (const [title, rules, given, expected] of own) {
    t.equal(line(judge('collibra', { ...usual, code: 'TOKENrevoked', ...given }, rules)), expected, title);
  }
});

t.test(
  'an own rule may name a code of the preset or an error of the Bearer challenge; the first rule wins',
  async (t) => {
    const forExpired: OwnRule[] = [{ status: 401, code: 'EXPIREDTOKEN', do: 'fail' }];
    t.equal(line(judge('collibra', { ...usual, code: 'expiredToken' }, forExpired)), 'own expired explain cap error');
    const unable: OwnRule[] = [{ status: 401, code: 'unableToProcessToken', do: 'fail' }];
    const verdict = judge('collibra', { ...usual, code: 'unableToProcessToken' }, unable);
    t.equal(line(verdict), 'own unprocessable explain keep error', 'as M11, the token is kept');
    const forBearer: OwnRule[] = [{ status: 401, code: 'invalid_token', do: 'pass' }];
    t.equal(line(judge('generic', { ...usual, bearerError: 'Invalid_Token' }, forBearer)), 'own none pass keep info');
    const facts = { ...usual, code: 'tokenRevoked' };
    t.equal(line(judge('generic', facts, [...pass, ...retry])), 'own none pass keep info');
    t.equal(line(judge('generic', facts, [...retry, ...pass])), 'M5 expired refresh-and-repeat invalidate info');
  },
);
