import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../child.ts';
import { answersWithin, product } from '../product.ts';
import { named, placeOn, type Stage, withSubjects } from '../stage.ts';

const limitSeconds = 2;
const bearerd = product('bearerd with faults', { settings: answersWithin(limitSeconds) });
const bereft = product('bearerd without an upstream', { settings: answersWithin(limitSeconds) });

/** A time that was promised for the case that something goes wrong. */
interface Promised {
  readonly what: string;
  readonly times: readonly number[];
  readonly limitMs: number;
}

/** Times in the face of faults: worst of several, against what is promised. @returns whether all were kept */
export async function faults(stage: Stage): Promise<boolean> {
  const { world, plan } = stage;
  const repeats = plan.quick ? 5 : 20;
  const downAt = `http://127.0.0.1:${await freePort()}`;
  const all: Promised[] = [];
  await withSubjects(
    stage,
    [
      [bearerd, placeOn(stage, { upstream: world.judging })],
      [bereft, placeOn(stage, { upstream: downAt })],
    ],
    async (running) => {
      const { port } = named(running, bearerd.name);
      const noUpstream = named(running, bereft.name).port;
      for (let i = 0; i < 20; i += 1) await answer(port, '/1k');
      const heads: number[] = [];
      const refused: number[] = [];
      for (let i = 0; i < repeats; i += 1) {
        heads.push((await answer(port, '/early-head')).headMs);
        refused.push(expect(502, await answer(noUpstream, '/1k')).endMs);
      }
      const hanging = await Promise.all(Array.from({ length: repeats }, () => answer(port, '/hang')));
      const late = hanging.map((one) => expect(504, one).endMs);
      all.push(
        { what: 'head of an answer whose body comes 500 ms later', times: heads, limitMs: 50 },
        { what: 'upstream down: 502', times: refused, limitMs: 50 },
        { what: `upstream hangs, limit ${limitSeconds} s: 504`, times: late, limitMs: limitSeconds * 1000 + 500 },
      );
    },
  );
  const stops: number[] = [];
  for (let i = 0; i < Math.min(repeats, 5); i += 1) stops.push(await exitAfterLastRequest(stage));
  all.push({ what: 'SIGTERM: exit after the last request has its answer', times: stops, limitMs: 500 });
  stage.findings.tables.push({
    title: 'Faults',
    head: ['', 'worst, ms', 'promised, ms', ''],
    rows: all.map(({ what, times, limitMs }) => [
      what,
      Math.max(...times).toFixed(0),
      `≤ ${limitMs}`,
      kept(times, limitMs) ? 'kept' : 'BROKEN',
    ]),
  });
  return all.every(({ times, limitMs }) => kept(times, limitMs));
}

function kept(times: readonly number[], limitMs: number): boolean {
  return times.every((ms) => ms <= limitMs);
}

/** Stops a proxy in the middle of a request; milliseconds from the end of that request's answer to the exit. */
async function exitAfterLastRequest(stage: Stage): Promise<number> {
  const place = placeOn(stage, { upstream: stage.world.judging });
  return withSubjects(stage, [[bearerd, place]], async (running) => {
    const { port, child } = named(running, bearerd.name);
    expect(200, await answer(port, '/1k'));
    const slow = answer(port, '/slow');
    await sleep(200);
    child.process.kill('SIGTERM');
    expect(200, await slow);
    const answeredMs = performance.now();
    const code = await child.exited;
    if (code !== 0) throw new Error(`bearerd ended with ${code} after SIGTERM`);
    return performance.now() - answeredMs;
  });
}

/** An answer, with the milliseconds from the request to its head and to its end. */
interface Answer {
  readonly status: number;
  readonly headMs: number;
  readonly endMs: number;
}

function answer(port: number, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const request = httpRequest({ host: '127.0.0.1', port, path, agent: false }, (response: IncomingMessage) => {
      const headMs = performance.now() - startedMs;
      response.resume();
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headMs, endMs: performance.now() - startedMs }),
      );
    });
    request.on('error', reject);
    request.end();
  });
}

function expect(status: number, answered: Answer): Answer {
  if (answered.status !== status) throw new Error(`${answered.status} where ${status} was expected`);
  return answered;
}
