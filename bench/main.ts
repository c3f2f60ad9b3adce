import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { busyShare, Findings } from './findings.ts';
import { busyNow, cores } from './machine.ts';
import { faults } from './measure/faults.ts';
import { latency } from './measure/latency.ts';
import { memory } from './measure/memory.ts';
import { bodies, connections, routes } from './measure/pairs.ts';
import { requests } from './measure/requests.ts';
import { rotation } from './measure/rotation.ts';
import { start } from './measure/start.ts';
import { tokens } from './measure/tokens.ts';
import { fullPlan, quickPlan } from './plan.ts';
import { writePage } from './report/page.ts';
import { plainTable } from './report/text.ts';
import { broken, verdictTable } from './report/verdicts.ts';
import type { Stage } from './stage.ts';
import { openWorld } from './world.ts';

// npm run bench                    everything, written to docs/performance.md
// npm run bench -- --quick         under three minutes; prints which bar is broken
// npm run bench -- --faults        times in the face of faults only
// npm run bench -- --only a,b      these measures only (names below), full or quick; writes nothing

const measures: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  requests,
  connections,
  latency,
  rotation,
  bodies,
  memory,
  start,
  routes,
  tokens,
  faults,
};

const say = (text: string) => process.stdout.write(`${text}\n`);

/** The peers' packages are not bearerd's: they are installed when they are needed first. */
function installPeers(): void {
  const folder = new URL('../../bench/', import.meta.url).pathname;
  if (existsSync(join(folder, 'node_modules'))) return;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ci in ${folder} failed`);
}

function chosen(words: readonly string[]): string[] {
  if (words.includes('--faults')) return ['faults'];
  const only = words[words.indexOf('--only') + 1]?.split(',') ?? [];
  if (!words.includes('--only')) return Object.keys(measures).filter((name) => name !== 'faults' || !quick);
  const unknown = only.filter((name) => !Object.hasOwn(measures, name));
  if (unknown.length > 0 || only.length === 0) {
    throw new Error(`--only takes ${Object.keys(measures).join(', ')}; not ${unknown.join(', ')}`);
  }
  return only;
}

async function run(words: readonly string[]): Promise<boolean> {
  installPeers();
  const { pinned, subject, load } = cores();
  if (!pinned || subject === load) say('There is no core for the proxies alone: ratios are still fair, but coarser.');
  const findings = new Findings();
  findings.busyBefore = await busyNow();
  const world = await openWorld();
  let kept = true;
  try {
    for (const name of chosen(words)) {
      const startedMs = performance.now();
      const before = findings.tables.length;
      const result = await measures[name]?.({ world, plan: quick ? quickPlan : fullPlan, findings });
      if (result === false) kept = false;
      for (const table of findings.tables.slice(before)) say(plainTable(table));
      say(`(${name}: ${Math.round((performance.now() - startedMs) / 1000)} s)`);
    }
  } finally {
    await world.stop();
  }
  const { busyBefore } = findings;
  if (busyBefore >= busyShare) {
    say(`Other programs had ${Math.round(busyBefore * 100)} % of the processors: the figures are coarse.`);
  }
  if (findings.ratios.size > 0) say(plainTable(verdictTable(findings)));
  for (const reason of findings.missing) say(`not measured: ${reason}`);
  if (words.length === 0) writePage(findings, world.fastName);
  for (const measure of broken(findings)) say(`BROKEN: ${measure}`);
  return kept && broken(findings).length === 0;
}

const words = process.argv.slice(2);
const quick = words.includes('--quick');
process.exitCode = (await run(words)) ? 0 : 1;
