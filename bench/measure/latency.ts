import { nodeLoad } from '../load/node-load.ts';
import { go, httpProxy, nginx, nodePipe } from '../peers.ts';
import { product } from '../product.ts';
import { named, placeOn, type Stage, withSubjects } from '../stage.ts';
import { median } from '../statistics.ts';

const bearerd = product('bearerd');
const direct = 'direct';
const rate = 500;

/** What a proxy adds to the time of a request at a fixed rate, counted from when each request was due. */
export async function latency(stage: Stage): Promise<void> {
  const { plan, world, findings } = stage;
  const all = plan.quick ? [go, bearerd] : [nginx, go, bearerd, nodePipe, httpProxy];
  await withSubjects(
    stage,
    all.map((subject) => [subject, placeOn(stage)] as const),
    async (running) => {
      const p50 = new Map<string, number[]>();
      const p99 = new Map<string, number[]>();
      const run = async (name: string, seconds: number): Promise<{ p50Ms: number; p99Ms: number }> => {
        const port = name === direct ? Number(new URL(world.fast).port) : named(running, name).port;
        const token = name === direct ? world.fixed : undefined;
        const result = await nodeLoad({ kind: 'open', port, path: '/1k', token, rate, seconds });
        if (result.errors > 0) throw new Error(`${result.errors} errors at ${rate} requests/s through ${name}`);
        return result;
      };
      // enough requests for the compilers to have done their work, as in a proxy that has been up for a while
      for (const { port } of running.values()) {
        await nodeLoad({ kind: 'closed', port, path: '/1k', connections: 16, seconds: plan.quick ? 1 : 4 });
      }
      const names = [direct, ...running.keys()];
      for (let round = 0; round < plan.rounds; round += 1) {
        for (const name of names) {
          const result = await run(name, plan.rateSeconds);
          p50.set(name, [...(p50.get(name) ?? []), result.p50Ms]);
          p99.set(name, [...(p99.get(name) ?? []), result.p99Ms]);
        }
      }
      const added = (of: Map<string, number[]>, name: string): number[] =>
        named(of, name).map((ms, round) => ms - (named(of, direct)[round] ?? 0));
      if (running.has(go.name)) {
        const [mine, theirs] = [median(added(p50, bearerd.name)), median(added(p50, go.name))];
        findings.ratios.set('p50-go', mine / theirs);
      }
      findings.tables.push({
        title: `Time added at ${rate} requests/s`,
        head: ['proxy', 'p50 added, ms', 'p99 added, ms'],
        rows: [...running.keys()].map((name) => [
          name,
          median(added(p50, name)).toFixed(3),
          median(added(p99, name)).toFixed(3),
        ]),
        note: `Without a proxy: p50 ${median(named(p50, direct)).toFixed(3)} ms, p99 ${median(named(p99, direct)).toFixed(3)} ms.`,
      });
    },
  );
}
