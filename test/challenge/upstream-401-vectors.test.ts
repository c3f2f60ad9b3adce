import t from 'tap';
import { judge } from '../../src/challenge/judge.ts';
import type { Action } from '../../src/challenge/policy.ts';
import { factsOf, vectors } from './vectors.ts';

const actionNames: Readonly<Record<Action, string>> = {
  pass: 'passthrough',
  'refresh-and-repeat': 'refresh_retry',
  'repeat-with-current': 'retry_with_current',
  'explain-retriable': 'fail_retriable',
  explain: 'fail',
};

t.test('every vector of upstream_401 comes out as written', async (t) => {
  t.ok(vectors.upstream_401.length >= 40);
  for (const vector of vectors.upstream_401) {
    const verdict = judge(vector.given.profile, factsOf(vector), []);
    const { action, cache } = vector.expect;
    t.same(
      { action: actionNames[verdict.action], cache: verdict.cache },
      { action, cache },
      `${vector.id} ${vector.title}`,
    );
  }
});
