import { connect, type Socket } from 'node:net';
import { endsByReset } from '../support/tcp.ts';
import type { Send } from './case.ts';

/** One final answer as its bytes came. */
export interface Answer {
  readonly status: number;
  /** Status line and fields, with CRLFs, without the empty line. */
  readonly head: string;
  /** Without chunk framing. */
  readonly body: string;
  readonly trailers: string;
  /** Its framing says that it has ended. */
  readonly complete: boolean;
  /** Milliseconds from the first byte sent to the end of the head. */
  readonly headMs: number;
}

/** Everything that came back on one connection. */
export interface Conversation {
  readonly informational: readonly number[];
  readonly answers: readonly Answer[];
  /** Every byte. */
  readonly received: string;
  /** Bytes behind a 101. */
  readonly tunnel: string;
  readonly ending: 'open' | 'end' | 'reset';
}

/** What the runner waits for before it looks. */
export interface Awaited {
  readonly answers: number;
  readonly closed: boolean;
  readonly tunnelBytes: number;
  /** Milliseconds after which a conversation that has not got what it waits for is looked at as it is. */
  readonly patienceMs: number;
}

/** Milliseconds that a connection has to stay open to count as open, and surplus bytes have to show up. */
const settleMs = 15;

/** Sends bytes to a proxy and reads what comes back. */
export async function converse(port: number, sends: readonly Send[], awaited: Awaited): Promise<Conversation> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const reading = new Reading(socket, isHead(sends));
  const { patienceMs } = awaited;
  socket.on('error', () => {});
  socket.on('connect', () => void send(socket, sends, reading, patienceMs));
  const startedMs = performance.now();
  for (;;) {
    const now = reading.now();
    const enough =
      now.answers.filter(({ complete }) => complete).length >= awaited.answers &&
      now.tunnel.length >= awaited.tunnelBytes &&
      !awaited.closed;
    const over = now.ending !== 'open' || performance.now() - startedMs > patienceMs;
    if (enough || over) break;
    await reading.change(patienceMs);
  }
  if (reading.ending === 'open') await new Promise((resolve) => setTimeout(resolve, settleMs));
  const conversation = reading.now();
  socket.destroy();
  return conversation;
}

/** HEAD answers have no body, whatever their fields say. */
function isHead(sends: readonly Send[]): boolean {
  return sends.some((one) => typeof one === 'string' && one.startsWith('HEAD '));
}

async function send(socket: Socket, sends: readonly Send[], reading: Reading, patienceMs: number): Promise<void> {
  for (const one of sends) {
    if (socket.destroyed) return;
    if (one === 'end') socket.end();
    else if (one === 'reset') socket.resetAndDestroy();
    else if (typeof one === 'string') socket.write(Buffer.from(one, 'latin1'));
    else if ('waitMs' in one) await new Promise((resolve) => setTimeout(resolve, one.waitMs));
    else {
      const startedMs = performance.now();
      while (!one.until.test(reading.received) && reading.ending === 'open') {
        if (performance.now() - startedMs > patienceMs) break;
        await reading.change(patienceMs);
      }
    }
  }
}

/** Collects what comes on a connection. */
class Reading {
  received = '';
  ending: 'open' | 'end' | 'reset' = 'open';
  readonly #headsMs: number[] = [];
  readonly #bodyless: boolean;
  readonly #startedMs = performance.now();
  readonly #waiting = new Set<() => void>();

  constructor(socket: Socket, bodyless: boolean) {
    this.#bodyless = bodyless;
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
      for (const _head of this.now().answers.slice(this.#headsMs.length)) {
        this.#headsMs.push(performance.now() - this.#startedMs);
      }
      this.#wake();
    });
    socket.on('end', () => this.#over(endsByReset(socket) ? 'reset' : 'end'));
    socket.on('error', () => this.#over('reset'));
    socket.on('close', () => this.#over('end'));
  }

  /** Resolves at the next event, or when the time is over. */
  change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#waiting.add(done);
    });
  }

  /** What there is, taken apart. */
  now(): Conversation {
    const informational: number[] = [];
    const answers: Answer[] = [];
    let rest = this.received;
    let tunnel = '';
    for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
      const head = rest.slice(0, end);
      const behind = rest.slice(end + 4);
      const status = Number(/^HTTP\/1\.[01] ([0-9]{3})/.exec(head)?.[1] ?? 0);
      if (status >= 100 && status < 200 && status !== 101) {
        informational.push(status);
        rest = behind;
        continue;
      }
      const headMs = this.#headsMs[answers.length] ?? 0;
      if (status === 101) {
        answers.push({ status, head, body: '', trailers: '', complete: true, headMs });
        tunnel = behind;
        break;
      }
      const body = bodyOf(head, behind, this.#bodyless || status === 204 || status === 304, this.ending === 'end');
      answers.push({ status, head, body: body.text, trailers: body.trailers, complete: body.complete, headMs });
      rest = behind.slice(body.used);
    }
    return { informational, answers, received: this.received, tunnel, ending: this.ending };
  }

  #over(how: 'end' | 'reset'): void {
    if (this.ending === 'open') this.ending = how;
    this.#wake();
  }

  #wake(): void {
    for (const done of [...this.#waiting]) done();
  }
}

interface Body {
  readonly text: string;
  readonly trailers: string;
  readonly used: number;
  readonly complete: boolean;
}

/** A body by its framing (RFC 9112 §6.3). */
function bodyOf(head: string, behind: string, bodyless: boolean, ended: boolean): Body {
  if (bodyless) return { text: '', trailers: '', used: 0, complete: true };
  if (/^transfer-encoding: *chunked *$/im.test(head)) return dechunked(behind);
  const length = /^content-length: *([0-9]+) *$/im.exec(head)?.[1];
  if (length === undefined) return { text: behind, trailers: '', used: behind.length, complete: ended };
  const text = behind.slice(0, Number(length));
  return { text, trailers: '', used: text.length, complete: text.length === Number(length) };
}

function dechunked(bytes: string): Body {
  let text = '';
  let used = 0;
  for (;;) {
    const line = /^([0-9a-f]+)[^\r\n]*\r\n/i.exec(bytes.slice(used));
    if (line === null) return { text, trailers: '', used, complete: false };
    const size = Number.parseInt(line[1] ?? '', 16);
    used += line[0].length;
    if (size === 0) break;
    if (bytes.length < used + size + 2)
      return { text: text + bytes.slice(used), trailers: '', used: bytes.length, complete: false };
    text += bytes.slice(used, used + size);
    used += size + 2;
  }
  if (bytes.startsWith('\r\n', used)) return { text, trailers: '', used: used + 2, complete: true };
  const end = bytes.indexOf('\r\n\r\n', used);
  if (end < 0) return { text, trailers: '', used, complete: false };
  return { text, trailers: bytes.slice(used, end), used: end + 4, complete: true };
}
