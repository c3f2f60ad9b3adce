import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { type Holdings, mebibytes, type Soaked, soakToken, startSoaked } from './soaked.ts';

/** What may become of a request. */
type Outcome = 'ok' | 'reset' | 'cut' | 'hang' | 'leave' | 'leave-upload' | 'upload';

/** Of 100 requests: mostly healthy ones, and every kind of fault. */
const mix: readonly (readonly [outcome: Outcome, share: number])[] = [
  ['ok', 58],
  ['upload', 12],
  ['reset', 8],
  ['cut', 8],
  ['leave', 8],
  ['leave-upload', 4],
  ['hang', 2],
];

/** Milliseconds that the upstream has for its answer. */
const limitMs = 1_500;

const deck: readonly Outcome[] = mix.flatMap(([outcome, share]) => Array.from({ length: share }, () => outcome));

/** Answers as its path says, and with the id of the request. */
function misbehave(incoming: IncomingMessage, response: ServerResponse): void {
  const [, outcome = '', id = ''] = (incoming.url ?? '').split('/');
  incoming.on('error', () => {});
  if (incoming.headers.authorization !== `Bearer ${soakToken}`) {
    response.writeHead(500).end('no token');
    return;
  }
  if (outcome === 'reset') {
    incoming.socket.resetAndDestroy();
    return;
  }
  if (outcome === 'hang') return;
  let bytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  incoming.on('end', () => {
    if (outcome === 'cut') {
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('x'.repeat(500));
      setTimeout(() => incoming.socket.destroy(), 2);
      return;
    }
    if (outcome === 'leave') {
      response.writeHead(200, { 'content-length': 200_000 });
      response.write('x'.repeat(1_000));
      return;
    }
    response.end(`${id} ${bytes}`);
  });
}

/** Requests with every kind of fault among them: each ends as the table says, and nothing is left behind (issue 3, acceptance 3). */
export async function soakFaults(t: Test, requests: number): Promise<void> {
  const upstream = createServer(misbehave);
  upstream.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const timeouts = { connect: '5s', headers: `${limitMs}ms`, idle: '5s' };
  const soaked = await startSoaked((upstream.address() as AddressInfo).port, { timeouts });
  const wrong: string[] = [];
  await burst(soaked.port, Math.min(requests, 3_000), wrong);
  const before = await settled(soaked, upstream);
  const tally = await burst(soaked.port, requests, wrong);
  const after = await settled(soaked, upstream);
  t.strictSame(wrong.slice(0, 5), [], `every one of ${requests} ended as it must: ${JSON.stringify(tally)}`);
  t.ok(
    (after.held['TCPSocketWrap'] ?? 0) <= (before.held['TCPSocketWrap'] ?? 0),
    `sockets: ${before.held['TCPSocketWrap'] ?? 0} before, ${after.held['TCPSocketWrap'] ?? 0} after`,
  );
  t.ok(
    (after.held['Timeout'] ?? 0) <= (before.held['Timeout'] ?? 0),
    `timers: ${before.held['Timeout'] ?? 0} before, ${after.held['Timeout'] ?? 0} after`,
  );
  const heap = after.heapUsed - before.heapUsed;
  t.ok(heap < 8 * 1024 * 1024, `heap grew by ${mebibytes(heap)} MiB from ${mebibytes(before.heapUsed)}`);
  const rss = after.rss - before.rss;
  t.ok(rss < 60 * 1024 * 1024, `resident memory grew by ${mebibytes(rss)} MiB from ${mebibytes(before.rss)}`);
  const { code } = await soaked.child.stop();
  t.equal(code, 0);
  upstream.close();
  upstream.closeAllConnections();
}

/** Waits until everything that has a time limit is over, and looks. */
async function settled(soaked: Soaked, upstream: ReturnType<typeof createServer>): Promise<Holdings> {
  await new Promise((resolve) => setTimeout(resolve, limitMs + 1_500));
  upstream.closeAllConnections();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return soaked.holdings();
}

async function burst(port: number, requests: number, wrong: string[]): Promise<Record<string, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const tally: Record<string, number> = {};
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < requests) {
      const id = next;
      next += 1;
      // 37 and 100 have no common divisor: each hundred requests has each card of the deck once
      const outcome = deck[(id * 37) % deck.length] ?? 'ok';
      const startedMs = performance.now();
      const got = await one(port, agent, outcome, String(id));
      // on a machine that stands still a healthy upstream may be too slow as well, and then the same answer is right
      const late = got === wanted.hang && performance.now() - startedMs >= limitMs;
      tally[`${outcome}: ${got}`] = (tally[`${outcome}: ${got}`] ?? 0) + 1;
      if (got !== wanted[outcome] && !late) wrong.push(`${outcome} ${id}: ${got}`);
    }
  };
  await Promise.all(Array.from({ length: 48 }, worker));
  agent.destroy();
  return tally;
}

const wanted: Readonly<Record<Outcome, string>> = {
  ok: 'right answer',
  upload: 'right answer',
  reset: '502 BEARERD_UPSTREAM_TERMINATED',
  cut: 'cut off',
  hang: '504 BEARERD_UPSTREAM_RESPONSE_TIMEOUT',
  leave: 'left',
  'leave-upload': 'left',
};

function one(port: number, agent: Agent, outcome: Outcome, id: string): Promise<string> {
  return new Promise((resolve) => {
    const uploads = outcome === 'upload' || outcome === 'leave-upload';
    const size = uploads ? 20_000 : 0;
    const headers = uploads ? { 'content-length': size } : {};
    const options = {
      port,
      host: '127.0.0.1',
      agent,
      path: `/${outcome}/${id}`,
      method: uploads ? 'POST' : 'GET',
      headers,
    };
    let left = false;
    let begun = false;
    const sent = request({ ...options, timeout: 10_000 }, (response) => {
      begun = true;
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (outcome !== 'leave') return;
        left = true;
        sent.destroy();
        resolve('left');
      });
      response.on('end', () => {
        if (response.statusCode === 200)
          resolve(text === `${id} ${size}` ? 'right answer' : `200 with ${text.slice(0, 80)}`);
        else resolve(`${response.statusCode} ${/"code":"(\w+)"/.exec(text)?.[1]}`);
      });
      response.on('error', () => resolve(left ? 'left' : 'cut off'));
    });
    sent.on('timeout', () => {
      resolve('no answer within 10 s');
      sent.destroy();
    });
    sent.on('error', (error) => resolve(left ? 'left' : begun ? 'cut off' : `no answer: ${error.message}`));
    if (outcome === 'leave-upload') {
      sent.write(Buffer.alloc(size / 2), () => {
        left = true;
        sent.destroy();
        resolve('left');
      });
    } else sent.end(Buffer.alloc(size));
  });
}
