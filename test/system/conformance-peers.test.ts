import t from 'tap';
import { allCases } from '../conformance/all-cases.ts';
import { column } from '../conformance/compare.ts';

t.setTimeout(300_000);

t.test('the same cases run against nginx; where it passes none, the runner is wrong', async (t) => {
  const { name, verdicts } = await column('nginx');
  t.match(name, /^nginx [0-9.]+$/);
  t.equal(verdicts.size, allCases.length);
  const passed = [...verdicts.values()].filter(({ faults }) => faults.length === 0).length;
  t.ok(passed > allCases.length / 2, `${passed} of ${allCases.length} as expected of bearerd`);
});

t.test('the same cases run against a bare @fastify/http-proxy', async (t) => {
  const { verdicts } = await column('http-proxy');
  t.equal(verdicts.size, allCases.length);
  const passed = [...verdicts.values()].filter(({ faults }) => faults.length === 0).length;
  t.ok(passed > allCases.length / 3, `${passed} of ${allCases.length} as expected of bearerd`);
});
