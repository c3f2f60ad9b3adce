import { parseArgs } from 'node:util';
import { fuzz } from './run-fuzz.ts';

// npm run fuzz -- --seed N --count N      that many harmed requests and answers
// npm run fuzz -- --seed N --only n       the n-th connection alone

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100000' },
    only: { type: 'string' },
  },
});
const startedMs = performance.now();
const only = values.only === undefined ? undefined : Number(values.only);
const { connections, requests, statuses, faults } = await fuzz(Number(values.seed), Number(values.count), only);
const seconds = Math.round((performance.now() - startedMs) / 1000);
process.stdout.write(`seed ${values.seed}: ${requests} requests on ${connections} connections in ${seconds} s\n`);
process.stdout.write(`answers: ${JSON.stringify(statuses)}\n`);
for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`);
process.stdout.write(faults.length === 0 ? 'nothing found\n' : `${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
