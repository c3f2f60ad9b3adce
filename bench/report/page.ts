import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyShare, type Findings } from '../findings.ts';
import { machineFacts } from '../machine.ts';
import { plot } from './plot.ts';
import { markdownTable } from './text.ts';
import { verdictTable } from './verdicts.ts';

const docs = new URL('../../../docs/', import.meta.url).pathname;

/** Writes docs/performance.md and its plot from what was found. */
export function writePage(findings: Findings, fastName: string): void {
  writeFileSync(join(docs, 'performance.svg'), plot('CPU µs per request (1 KB, 16 connections)', findings.stripes));
  const missing = findings.missing.length === 0 ? '' : `\nNot measured here: ${findings.missing.join('; ')}.\n`;
  const { busyBefore } = findings;
  const busy =
    busyBefore < busyShare ? '' : ' (**busy with other work: absolute figures are too high, ratios coarse**)';
  writeFileSync(
    join(docs, 'performance.md'),
    `# Performance

Written by \`npm run bench\`; change the benchmark, not this page. Absolute figures are those of one machine. The ratios
are what carries over: they are medians over rounds in which the proxies were measured one after the other.

![CPU per request of bearerd and its peers](performance.svg)

## What is promised, and what was measured

${markdownTable(verdictTable(findings)).split('\n').slice(2).join('\n')}
bearerd is measured as it is shipped: guard, token source, 401 policy, request ids and metrics are on. No run had an
error: one answer other than a complete 200 ends the benchmark.

## How

Each proxy has one core to itself; the load, the upstream (${fastName}, which checks the token) and the token endpoint
have another. Processor time is what the operating system counts for the process and its children
(\`/proc/PID/stat\`). Latency is measured at a fixed rate and counted from the moment when a request was due, so a stall
is charged in full. bearerd and the Go proxy get their tokens from the token endpoint.

${machineFacts()
  .map((fact) => `- ${fact}`)
  .join('\n')}
- in use by other programs before it began: ${Math.round(busyBefore * 100)} % of the processors${busy}
${missing}
To repeat it: \`npm run bench\` on a quiet Linux machine (about fifteen minutes; \`-- --quick\`: under three, writes no
page; \`-- --faults\`: the times in the face of faults). nginx, HAProxy, Caddy, Go with \`golang-golang-x-oauth2-dev\`, and
wrk are used where they are installed from Debian. [decisions/0001-data-path.md](decisions/0001-data-path.md) says what
costs time in the data path and why it looks as it does.

## Figures

${findings.tables.map(markdownTable).join('\n')}`
      .trimEnd()
      .concat('\n'),
  );
}
