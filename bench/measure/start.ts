import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Connection, plainRequest } from '../load/connection.ts';
import { go, httpProxy, nginx, nodePipe } from '../peers.ts';
import { cacheFolder, product } from '../product.ts';
import { named, placeOn, type Stage } from '../stage.ts';
import { interleaved, median, pairedRatio } from '../statistics.ts';
import { type Place, type Subject, startSubject } from '../subject.ts';

const first = product('bearerd, first start');
const bearerd = product('bearerd, later starts', { codeCache: true });

/** From exec to the first proxied 200, token included. */
export async function start(stage: Stage): Promise<void> {
  const { plan, findings } = stage;
  const all = [nodePipe, first, bearerd, ...(plan.quick ? [] : [nginx, go, httpProxy])];
  const byName = new Map(all.filter(({ missing }) => missing === undefined).map((subject) => [subject.name, subject]));
  const run = (name: string): Promise<number> => firstAnswer(named(byName, name), placeOn(stage));
  for (const name of byName.keys()) await run(name);
  await leaveCompiledCode(placeOn(stage));
  const times = await interleaved([...byName.keys()], plan.starts, run);
  findings.ratios.set('start', pairedRatio(named(times, bearerd.name), named(times, nodePipe.name)));
  findings.tables.push({
    title: 'Cold start to the first proxied 200',
    head: ['', 'ms'],
    rows: [...times].map(([name, ms]) => [name, median(ms).toFixed(0)]),
  });
}

/** A start that lives long enough to leave its compiled code. */
async function leaveCompiledCode(place: Place): Promise<void> {
  const folder = join(cacheFolder(place.world), 'bearerd');
  const { child } = await startSubject(bearerd, place);
  const deadlineMs = performance.now() + 20_000;
  try {
    while (!(existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.v8')))) {
      if (performance.now() > deadlineMs) throw new Error(`no compiled code appeared in ${folder}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await child.stop();
  }
}

/** Milliseconds from exec until it answers; it is asked again and again. */
async function firstAnswer(subject: Subject, place: Place): Promise<number> {
  const startedMs = performance.now();
  const { child, port } = await startSubject(subject, place);
  try {
    const request = plainRequest(port, '/1k', undefined);
    while (performance.now() - startedMs < 20_000) {
      if (await answers(port, request)) return performance.now() - startedMs;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error(`${subject.name} does not answer`);
  } finally {
    await child.stop();
  }
}

function answers(port: number, request: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = new Connection(port, request);
    connection.send((ok) => {
      connection.close();
      resolve(ok);
    });
  });
}
