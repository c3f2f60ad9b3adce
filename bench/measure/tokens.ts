import { setTimeout as sleep } from 'node:timers/promises';
import { nodeLoad } from '../load/node-load.ts';
import { lazyTokens, product } from '../product.ts';
import { named, placeOn, type Stage, withSubjects } from '../stage.ts';

const bearerd = product('bearerd without a first token', { settings: lazyTokens });
const path = '/fresh/3600/300/counted';

/** Token requests for 500 requests at once without a token, and with one that has just been revoked. */
export async function tokens(stage: Stage): Promise<void> {
  const { world, findings } = stage;
  await withSubjects(
    stage,
    [[bearerd, placeOn(stage, { upstream: world.judging, tokenPath: path })]],
    async (running) => {
      const { port } = named(running, bearerd.name);
      const burst = async (): Promise<number> => {
        const before = (await world.tokenRequests(path)).length;
        const { requests, errors } = await nodeLoad({ kind: 'burst', port, path: '/1k', connections: 500 });
        if (errors > 0) throw new Error(`${errors} errors among ${requests + errors} requests at once`);
        return (await world.tokenRequests(path)).length - before;
      };
      findings.ratios.set('tokens-cold', await burst());
      await sleep(500);
      await world.revoke();
      findings.ratios.set('tokens-storm', await burst());
    },
  );
}
