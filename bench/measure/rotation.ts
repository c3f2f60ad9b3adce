import { nodeLoad } from '../load/node-load.ts';
import { product } from '../product.ts';
import { named, placeOn, type Stage, withSubjects } from '../stage.ts';
import { median, pairedRatio } from '../statistics.ts';

const steady = product('bearerd, one token');
const rotating = product('bearerd, rotating tokens');
const rate = 500;
/** Milliseconds that the token endpoint takes for an answer, like an identity provider some way off. */
const tokenDelay = 300;

/** The slowest hundredth of the requests while tokens are replaced every few seconds, and the requests that this takes. */
export async function rotation(stage: Stage): Promise<void> {
  const { plan, world, findings } = stage;
  const steadyPath = `/fresh/3600/${tokenDelay}/steady`;
  const rotatingPath = `/fresh/${plan.tokenLife}/${tokenDelay}/rotating`;
  const upstream = world.judging;
  await withSubjects(
    stage,
    [
      [steady, placeOn(stage, { upstream, tokenPath: steadyPath })],
      [rotating, placeOn(stage, { upstream, tokenPath: rotatingPath })],
    ],
    async (running) => {
      const seconds = plan.tokenLife * 1.5;
      const run = async (name: string): Promise<number> => {
        const { port } = named(running, name);
        // a token that lapsed while the other one was measured is replaced first
        await nodeLoad({ kind: 'closed', port, path: '/1k', connections: 16, seconds: 0.5 });
        const result = await nodeLoad({ kind: 'open', port, path: '/1k', rate, seconds });
        if (result.errors > 0) throw new Error(`${result.errors} errors at ${rate} requests/s through ${name}`);
        return result.p99Ms;
      };
      const p99: [number[], number[]] = [[], []];
      for (let round = 0; round < plan.rotationRuns; round += 1) {
        p99[0].push(await run(rotating.name));
        p99[1].push(await run(steady.name));
      }
      findings.ratios.set('rotation', pairedRatio(...p99));
      const times = await world.tokenRequests(rotatingPath);
      findings.ratios.set('tokens-rotation', mostWithin(times, plan.tokenLife * 500));
      findings.tables.push({
        title: `Rotation, ${rate} requests/s`,
        head: ['', 'p99, ms'],
        rows: [
          [`tokens of ${plan.tokenLife} s, token endpoint answers after ${tokenDelay} ms`, median(p99[0]).toFixed(2)],
          ['one token', median(p99[1]).toFixed(2)],
        ],
        note: `${times.length} tokens were asked for in all.`,
      });
    },
  );
}

/** The largest number of moments that lie within a span. */
function mostWithin(times: readonly number[], spanMs: number): number {
  return Math.max(...times.map((from) => times.filter((time) => time >= from && time < from + spanMs).length));
}
