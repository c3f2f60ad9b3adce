import { readFileSync, writeFileSync } from 'node:fs';
import { scalingPage } from './page.ts';
import { fleetRow, fleets, outageRow, outages } from './rows.ts';

// npm run simulate: a few minutes of one core, and docs/scaling.md is written. Run from the root of the project.

// the errors of an outage are many, and nobody reads where they were made
Error.stackTraceLimit = 0;

const say = (row: string): string => {
  process.stdout.write(`${row}\n`);
  return row;
};
const fleetRows: string[] = [];
for (const replicas of fleets) fleetRows.push(say(await fleetRow(replicas)));
const outageRows: string[] = [];
for (const [replicas, minutes] of outages) outageRows.push(say(await outageRow(replicas, minutes)));
const rows = { fleets: fleetRows, outages: outageRows };
writeFileSync('docs/scaling.md', scalingPage(rows, readFileSync('docs/performance.md', 'utf8')));
