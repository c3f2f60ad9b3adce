import { createServer, type Server } from 'node:http';
import type { Test } from 'tap';
import { freePort } from '../conformance/subject.ts';
import { sentAtHeader, steadyLoad } from '../support/steady-load.ts';
import { startSoaked } from './soaked.ts';

/** How long the upstream is down and up, and how long that goes on; milliseconds. */
export interface Flapping {
  readonly periodMs: number;
  readonly durationMs: number;
}

/** Milliseconds before and behind a request within which a change makes both answers right. */
const slackMs = 250;

/** An upstream that goes and comes: no request hangs, each answer is right for its moment (issue 3, acceptance 5). */
export async function soakFlapping(t: Test, { periodMs, durationMs }: Flapping): Promise<void> {
  const port = await freePort();
  const soaked = await startSoaked(port, { timeouts: { connect: '5s', headers: '8s' } });
  const changes: { readonly atMs: number; readonly up: boolean }[] = [];
  let server: Server | undefined;
  const rise = async (): Promise<void> => {
    server = createServer((incoming, response) => response.end(String(incoming.headers[sentAtHeader])));
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    changes.push({ atMs: Date.now(), up: true });
  };
  const fall = (): void => {
    changes.push({ atMs: Date.now(), up: false });
    server?.close();
    server?.closeAllConnections();
    server = undefined;
  };
  fall();
  let flapping = true;
  const flaps = (async () => {
    for (let up = true; flapping; up = !up) {
      await new Promise((resolve) => setTimeout(resolve, periodMs));
      if (up) await rise();
      else fall();
    }
  })();
  const wrong: string[] = [];
  const result = await steadyLoad(`http://127.0.0.1:${soaked.port}/`, 200, durationMs, (status, sentMs) => {
    const near = changes.some(({ atMs }) => atMs > sentMs - slackMs && atMs < Date.now() + slackMs);
    const up = changes.findLast(({ atMs }) => atMs <= sentMs)?.up === true;
    if (!near && status !== (up ? 200 : 502)) wrong.push(`${status} while ${up ? 'up' : 'down'}`);
  });
  flapping = false;
  await flaps;
  if (server !== undefined) fall();
  t.strictSame(wrong.slice(0, 5), [], `${result.sent} answers, each right: ${JSON.stringify([...result.statuses])}`);
  // the load gives an answer ten seconds; how long it takes below that says more about the machine
  const slowest = `the slowest took ${Math.round(result.slowestMs)} ms`;
  t.strictSame([...result.statuses.keys()].sort(), [200, 502], `an answer or a clear 502, no hang; ${slowest}`);
  t.equal((await soaked.child.stop()).code, 0);
}
