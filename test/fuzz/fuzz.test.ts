import t from 'tap';
import { differences } from './differential.ts';
import { answer, sending } from './messages.ts';
import { fuzz } from './run-fuzz.ts';

t.test('a seed gives the same bytes each time, another seed others', async (t) => {
  const bytes = (seed: number) => Array.from({ length: 50 }, (_, n) => sending(seed, n).bytes).join('');
  t.equal(bytes(7), bytes(7));
  t.not(bytes(7), bytes(8));
  t.equal(answer(7, 'X-Id: Q00aa00bb00ccZ'), answer(7, 'X-Id: Q00aa00bb00ccZ'));
});

t.test(
  'harmed requests and answers: no crash, no hang, no answer to somebody else (npm run fuzz for more)',
  async (t) => {
    const { faults, requests, statuses } = await fuzz(20_261_121, 1_500);
    t.strictSame(faults, []);
    t.ok(requests >= 1_500);
    for (const status of ['200', '400', '502']) t.ok((statuses[status] ?? 0) > 20, `${status}: ${statuses[status]}`);
  },
);

t.test('harmed answers: what our parser takes, Node reads in the same way (npm run fuzz for more)', async (t) => {
  const { faults, verdicts } = await differences(20_261_121, 20_000);
  t.strictSame(faults, []);
  for (const verdict of ["ours over, Node's over", "ours refused, Node's refused", "ours open, Node's open"]) {
    t.ok((verdicts[verdict] ?? 0) > 500, `${verdict}: ${verdicts[verdict]}`);
  }
});
