import t from 'tap';
import { judge, judgeRefresh } from '../../src/challenge/judge.ts';
import type { ChallengeFacts, OwnRule, Profile, Verdict } from '../../src/challenge/policy.ts';

const profiles: Profile[] = ['collibra', 'collaborate', 'generic'];
const codes = [undefined, 'expiredToken', 'INVALIDtoken', 'malformedToken', 'unableToProcessToken', 'other', 'mine'];
const bearerErrors = [undefined, 'invalid_token', 'insufficient_scope', 'other'];
const lives: Pick<ChallengeFacts, 'remainingMs' | 'ageMs'>[] = [
  { remainingMs: undefined, ageMs: 59_999 },
  { remainingMs: undefined, ageMs: 60_000 },
  { remainingMs: -1, ageMs: 5 },
  { remainingMs: 0, ageMs: 60_000 },
  { remainingMs: 1, ageMs: 9 },
  { remainingMs: 30_000, ageMs: 270_000 },
  { remainingMs: 30_001, ageMs: 1_000_000 },
  { remainingMs: 3_600_000, ageMs: 0 },
];
const unhelpful = [undefined, 0, 9_999, 10_000, 59_999, 60_000];
const ownRules: OwnRule[][] = [
  [],
  [{ status: 401, code: 'Mine', do: 'retry' }],
  [{ status: 401, code: 'Mine', do: 'fail' }],
  [{ status: 401, code: 'Mine', do: 'pass' }],
];
const flags = [true, false];

function* everyFacts(): Generator<ChallengeFacts> {
  for (const status of [200, 401, 403])
    for (const method of ['GET', 'HEAD'])
      for (const attempt of [1, 2] as const)
        for (const code of codes)
          for (const bearerError of bearerErrors)
            for (const life of lives)
              for (const sinceUnhelpfulMs of unhelpful)
                for (const accepted of flags)
                  for (const current of flags)
                    for (const replayable of flags)
                      yield {
                        status,
                        method,
                        attempt,
                        code,
                        bearerError,
                        ...life,
                        sinceUnhelpfulMs,
                        accepted,
                        current,
                        replayable,
                      };
}

const sends = (verdict: Verdict) => verdict.action === 'refresh-and-repeat' || verdict.action === 'repeat-with-current';
const explains = (verdict: Verdict) => verdict.action === 'explain' || verdict.action === 'explain-retriable';

/** What must hold of every single verdict; the text names the rule it comes from. */
const invariants: [string, (facts: ChallengeFacts, verdict: Verdict) => boolean][] = [
  ['M0: only a 401 is more than passed on', (f, v) => (f.status === 401) !== (v.rule === 'M0')],
  ['M0: passes and keeps', (f, v) => f.status === 401 || (v.action === 'pass' && v.cache === 'keep')],
  ['5.3: never more than two attempts', (f, v) => !(f.attempt === 2 && sends(v))],
  ['5.3: only what is replayable is sent again', (f, v) => f.replayable || !sends(v)],
  ['class none and not-auth are never explained', (_, v) => !(explains(v) && /^(none|not-auth)$/.test(v.class))],
  ['5.3: only the current token is invalidated', (f, v) => f.current || v.cache !== 'invalidate'],
  [
    'M2: a second attempt ends the cooldown question',
    (f, v) => (f.status === 401 && f.attempt === 2) === v.startCooldown,
  ],
  ['a refresh always invalidates first', (_, v) => v.action !== 'refresh-and-repeat' || v.cache === 'invalidate'],
  ['M4: a newer token costs no refresh', (f, v) => v.action !== 'repeat-with-current' || !f.current],
  [
    '60 s after an unhelpful refresh nothing but expired costs an IdP call',
    (f, v) => v.cache !== 'invalidate' || (f.sinceUnhelpfulMs ?? 60_000) >= (v.class === 'expired' ? 10_000 : 60_000),
  ],
  [
    'M11: what the API cannot process is no reason to drop a token',
    (_, v) => v.class !== 'unprocessable' || v.cache === 'keep' || v.rule === 'M4',
  ],
  [
    'rem <= 0 beats any code',
    (f, v) => f.status !== 401 || (f.remainingMs ?? 1) > 0 || v.class === 'expired' || v.rule === 'own',
  ],
  [
    'an explanation to repeat never comes from the second attempt',
    (f, v) => !(f.attempt === 2 && v.action === 'explain-retriable'),
  ],
  [
    'a wish to repeat it is only for what could not be repeated here',
    (f, v) => v.action !== 'explain-retriable' || !f.replayable,
  ],
];

t.test('what holds of every combination of facts', async (t) => {
  const broken = new Map<string, string>();
  let combinations = 0;
  for (const facts of everyFacts()) {
    for (const profile of profiles) {
      for (const rules of facts.code === 'mine' ? ownRules : ownRules.slice(0, 1)) {
        combinations += 1;
        const verdict = judge(profile, facts, rules);
        for (const [name, holds] of invariants) {
          if (!holds(facts, verdict) && !broken.has(name)) {
            broken.set(name, JSON.stringify({ profile, facts, rules, verdict }));
          }
        }
      }
    }
  }
  t.ok(combinations > 300_000, `${combinations} combinations`);
  for (const [name] of invariants) t.equal(broken.get(name), undefined, name);
});

t.test('M13 of class none ends in the upstream answer whatever the refresh brings', async (t) => {
  const broken: string[] = [];
  const seen = new Set<string>();
  for (const facts of everyFacts()) {
    for (const profile of profiles) {
      const verdict = judge(profile, facts, []);
      if (verdict.action !== 'refresh-and-repeat') continue;
      for (const result of ['transient', 'permanent', 'identical'] as const) {
        const after = judgeRefresh(verdict, result);
        seen.add(`${verdict.rule} ${after.rule}`);
        const none = verdict.class === 'none';
        if (sends(after) || none !== (after.action === 'pass') || after.class !== verdict.class) {
          broken.push(JSON.stringify({ profile, facts, after }));
        }
        const second = judge(profile, { ...facts, attempt: 2 }, []);
        if (none && second.action !== 'pass') broken.push(JSON.stringify({ profile, facts, second }));
      }
    }
  }
  t.same(broken.slice(0, 3), []);
  t.equal(seen.size, 12, 'M5, M7, M8 and M13, each with M15, M16 and M17');
});

t.test('letter case of codes never matters', async (t) => {
  const differing: string[] = [];
  for (const facts of everyFacts()) {
    if (facts.status !== 401 || facts.sinceUnhelpfulMs !== undefined) continue;
    for (const profile of profiles) {
      const upper = { ...facts, code: facts.code?.toUpperCase(), bearerError: facts.bearerError?.toUpperCase() };
      const [one, other] = [judge(profile, facts, []), judge(profile, upper, [])].map((verdict) =>
        JSON.stringify(verdict),
      );
      if (one !== other) differing.push(JSON.stringify({ profile, facts }));
    }
  }
  t.same(differing, []);
});
