import type { BarId } from '../bars.ts';
import { withoutWrk } from '../load/closed-load.ts';
import { nodePipe } from '../peers.ts';
import { manyRoutes, product } from '../product.ts';
import { named, placeOn, type Stage, withSubjects } from '../stage.ts';
import { interleaved, median, pairedRatio, type Rounds } from '../statistics.ts';
import type { Place } from '../subject.ts';
import { type LoadOnSubject, sample } from './closed.ts';

const bearerd = product('bearerd');
const thousand = product('bearerd with 1,000 routes', { settings: manyRoutes });

/** CPU per request with 128 connections against 16. */
export async function connections(stage: Stage): Promise<void> {
  const { plan, world, findings } = stage;
  await withSubjects(stage, [[bearerd, placeOn(stage)]], async (running) => {
    const subject = named(running, bearerd.name);
    const run = async (count: string): Promise<number> =>
      (await sample(subject, world, { path: '/1k', connections: Number(count), seconds: plan.seconds })).cpuPerRequest;
    await run('16');
    const cpu = await interleaved(['128', '16'], plan.rounds, run);
    compare(stage, 'connections', cpu, '128', '16');
    findings.tables.push(table('Connections', 'CPU µs per request', cpu, (name) => `bearerd, ${name} connections`));
  });
}

/** CPU per request with 1,000 routes and 100 credentials, requests spread over all of them, against one route. */
export async function routes(stage: Stage): Promise<void> {
  const { plan, world, findings } = stage;
  if (withoutWrk !== undefined) return;
  const place = placeOn(stage);
  await withSubjects(
    stage,
    [
      [bearerd, place],
      [thousand, place],
    ],
    async (running) => {
      const load = { path: '/r0000/1k', connections: 16, seconds: plan.seconds, routes: 1_000 };
      const run = async (name: string): Promise<number> =>
        (await sample(named(running, name), world, load)).cpuPerRequest;
      for (const name of running.keys()) await run(name);
      const cpu = await interleaved([...running.keys()], plan.rounds, run);
      compare(stage, 'routes', cpu, thousand.name, bearerd.name);
      findings.tables.push(table('Routes', 'CPU µs per request', cpu, (name) => name));
    },
  );
}

const bodyLoads: readonly (readonly [id: BarId, title: string, load: Omit<LoadOnSubject, 'seconds'>])[] = [
  ['mb-64k', '64 KB downloads', { path: '/64k', connections: 16 }],
  ['mb-10m', '10 MB downloads', { path: '/10m', connections: 4 }],
  ['mb-upload', '1 MB uploads', { path: '/upload', connections: 4, uploadBytes: 1_000_000 }],
];

/** CPU per MB of body against pipes between node:http streams. */
export async function bodies(stage: Stage): Promise<void> {
  const { plan, world, findings } = stage;
  if (withoutWrk !== undefined) {
    findings.missing.push(withoutWrk);
    return;
  }
  for (const [id, title, load] of bodyLoads) {
    // nginx answers an upload before it has read it; the other upstream reads it first
    const change: Partial<Place> = load.uploadBytes === undefined ? {} : { upstream: world.judging };
    const place = placeOn(stage, change);
    await withSubjects(
      stage,
      [
        [bearerd, place],
        [nodePipe, place],
      ],
      async (running) => {
        const run = async (name: string): Promise<number> =>
          (await sample(named(running, name), world, { ...load, seconds: plan.seconds })).cpuPerMb;
        for (const name of running.keys()) await run(name);
        const cpu = await interleaved([...running.keys()], plan.rounds, run);
        compare(stage, id, cpu, bearerd.name, nodePipe.name);
        findings.tables.push(table(title, 'CPU ms per MB', cpu, (name) => name));
      },
    );
  }
}

function compare({ findings }: Stage, id: BarId, rounds: Rounds, subject: string, against: string): void {
  findings.ratios.set(id, pairedRatio(named(rounds, subject), named(rounds, against)));
}

function table(title: string, unit: string, rounds: Rounds, label: (name: string) => string) {
  const rows = [...rounds].map(([name, values]) => [label(name), median(values).toPrecision(3)]);
  return { title, head: ['', unit], rows };
}
