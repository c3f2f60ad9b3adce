import { Connection, plainRequest } from '../load/connection.ts';
import { go, httpProxy, nginx, nodePipe } from '../peers.ts';
import { product } from '../product.ts';
import { named, placeOn, type Stage } from '../stage.ts';
import { interleaved, median, pairedRatio } from '../statistics.ts';
import { type Place, type Subject, startSubject } from '../subject.ts';

const bearerd = product('bearerd');

/** From exec to the first proxied 200, token included. */
export async function start(stage: Stage): Promise<void> {
  const { plan, findings } = stage;
  const all = [nodePipe, bearerd, ...(plan.quick ? [] : [nginx, go, httpProxy])];
  const byName = new Map(all.filter(({ missing }) => missing === undefined).map((subject) => [subject.name, subject]));
  const run = (name: string): Promise<number> => firstAnswer(named(byName, name), placeOn(stage));
  for (const name of byName.keys()) await run(name);
  const times = await interleaved([...byName.keys()], plan.starts, run);
  findings.ratios.set('start', pairedRatio(named(times, bearerd.name), named(times, nodePipe.name)));
  findings.tables.push({
    title: 'Cold start to the first proxied 200',
    head: ['', 'ms'],
    rows: [...times].map(([name, ms]) => [name, median(ms).toFixed(0)]),
  });
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
