import { connect } from 'node:net';
import { RawUpstream } from '../conformance/raw-upstream.ts';
import { type Soaked, startSoaked } from '../soak/soaked.ts';
import { answer, identity, type Sending, sending } from './messages.ts';

/** What a run found. */
export interface Findings {
  readonly connections: number;
  readonly requests: number;
  /** How often each status came. */
  readonly statuses: Readonly<Record<string, number>>;
  /** `n: what` for the n-th connection; `npm run fuzz -- --seed SEED --only n` repeats it. */
  readonly faults: readonly string[];
}

/** Milliseconds that a connection may be silent before the client leaves: harmed requests may wait for more for ever. */
const silenceMs = 120;

/** Milliseconds within which a healthy request has to be answered, whatever else is going on. */
const healthMs = 15_000;

/** Sends this many harmed requests and answers through the built binary, the same for the same seed. */
export async function fuzz(seed: number, count: number, only?: number): Promise<Findings> {
  const upstream = await new RawUpstream().start();
  upstream.respond = (head) => [answer(seed, head)];
  const soaked = await startSoaked(upstream.port);
  const faults: string[] = [];
  const statuses: Record<string, number> = {};
  // harm can turn an id into another one, but hardly into one that somebody has sent
  const issued = new Set<string>();
  let requests = 0;
  let n = only ?? 0;
  const worker = async (): Promise<void> => {
    while (requests < count && soaked.child.running && faults.length < 20) {
      const mine = n;
      n += 1;
      const one = sending(seed, mine);
      requests += one.requests;
      for (const id of one.ids) issued.add(id);
      const received = await exchange(soaked.port, one.bytes, one.requests, one.healthy);
      for (const [, status = ''] of received.matchAll(/HTTP\/1\.1 ([0-9]{3})/g))
        statuses[status] = (statuses[status] ?? 0) + 1;
      const fault = judge(one, received, issued);
      if (fault !== undefined) faults.push(`${mine}: ${fault}`);
      if (only !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: only === undefined ? 24 : 1 }, worker));
  faults.push(...(await epitaph(soaked)));
  await upstream.close();
  return { connections: n - (only ?? 0), requests, statuses, faults };
}

/** No answer may carry the id of another connection's request; healthy requests are all answered, in order. */
function judge({ ids, healthy }: Sending, received: string, issued: ReadonlySet<string>): string | undefined {
  const seen = received.match(identity) ?? [];
  const foreign = seen.find((id) => issued.has(id) && !ids.includes(id));
  if (foreign !== undefined) return `got ${foreign}, which it has not sent: ${JSON.stringify(received.slice(0, 600))}`;
  if (received.includes('BEARERD_INTERNAL')) return `a failure of our own: ${JSON.stringify(received.slice(0, 600))}`;
  if (!healthy) return undefined;
  const answered = [...received.matchAll(/HTTP\/1\.1 200/g)].length;
  if (answered === ids.length && [...new Set(seen)].join() === ids.join()) return undefined;
  return `${answered} of ${ids.length} healthy requests answered: ${JSON.stringify(received.slice(0, 600))}`;
}

/** The program still runs, serves, lets go of every connection, and ends when it is told to. */
async function epitaph({ child, port, holdings }: Soaked): Promise<string[]> {
  if (!child.running) return [`the program ended: ${child.output.slice(-1_000)}`];
  const faults: string[] = [];
  const healthy =
    'GET /Q000000000000Z HTTP/1.1\r\nHost: localhost\r\nX-Id: Q000000000000Z\r\nConnection: close\r\n\r\n';
  if (!(await exchange(port, healthy, 1, true)).startsWith('HTTP/1.1 ')) faults.push('it does not serve any more');
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const { held } = await holdings();
  // what the upstream keeps open is not counted against the clients: none of them is there any more
  const left = held['TCPSocketWrap'] ?? 0;
  if (left > 256) faults.push(`${left} sockets are left`);
  if (child.output.includes('internal_error')) faults.push(`it logged ${child.output.slice(-1_000)}`);
  const { code } = await child.stop();
  if (code !== 0) faults.push(`it ended with ${code}: ${child.output.slice(-1_000)}`);
  return faults;
}

/** Everything that comes back: until as many answers are there as were asked for, the connection ends, or nothing comes. */
function exchange(port: number, bytes: string, answers: number, healthy: boolean): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    const timer = setTimeout(done, healthy ? healthMs : silenceMs);
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      if (!healthy) timer.refresh();
      else if ((received.match(/Z(\r\n0\r\n(X-T: 1\r\n)?\r\n)?(?=HTTP|$)/g) ?? []).length >= answers) done();
    });
    socket.on('error', done);
    socket.on('close', done);
  });
}
