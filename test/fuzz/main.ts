import { parseArgs } from 'node:util';
import { differences } from './differential.ts';
import { fuzz } from './run-fuzz.ts';

// npm run fuzz -- --seed N --count N      that many harmed requests and answers
// npm run fuzz -- --seed N --only n       the n-th connection alone
// npm run fuzz -- --seed N --answer n     the n-th of the answers that are read by our parser and by Node's

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100000' },
    only: { type: 'string' },
    answer: { type: 'string' },
  },
});
const faults: string[] = [];
const [seed, count] = [Number(values.seed), Number(values.count)];
if (values.answer === undefined) await throughTheProxy(values.only === undefined ? undefined : Number(values.only));
if (values.only === undefined) await byTwoReaders(values.answer === undefined ? undefined : Number(values.answer));
for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`);
process.stdout.write(faults.length === 0 ? 'nothing found\n' : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

async function throughTheProxy(only: number | undefined): Promise<void> {
  const startedMs = performance.now();
  const found = await fuzz(seed, count, only);
  const seconds = Math.round((performance.now() - startedMs) / 1000);
  process.stdout.write(
    `seed ${seed}: ${found.requests} requests on ${found.connections} connections in ${seconds} s\n`,
  );
  process.stdout.write(`answers: ${JSON.stringify(found.statuses)}\n`);
  faults.push(...found.faults);
}

async function byTwoReaders(only: number | undefined): Promise<void> {
  const found = await differences(seed, count, only);
  process.stdout.write(`answers read twice: ${JSON.stringify(found.verdicts)}\n`);
  faults.push(...found.faults);
}
