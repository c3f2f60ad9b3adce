import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

/** What the server does with a command in place of answering it as Redis would. */
export type Misdeed =
  /** Answers later, milliseconds. */
  | { readonly slow: number }
  /** These bytes are the answer. */
  | { readonly says: string }
  | 'silence'
  | 'reset'
  | undefined;

/** A Redis of a test: the few commands that are used, in memory, as well or badly as the test wants. */
export interface TestRedis {
  /** `redis://127.0.0.1:PORT`, or `rediss://…`; the same after stop() and start(). */
  readonly url: string;
  readonly port: number;
  readonly values: Map<string, { readonly text: string; endsAtMs: number }>;
  /** Every command that came, words joined by spaces. */
  readonly commands: string[];
  readonly connections: ReadonlySet<Socket>;
  /** Asked for each command. */
  misdeed: (words: readonly string[]) => Misdeed;
  /** As a process that is killed. */
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** Starts it on a free port; with TLS where its options are given. */
export async function startRedis(tls?: TlsOptions): Promise<TestRedis> {
  const values: TestRedis['values'] = new Map();
  const commands: string[] = [];
  const connections = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const start = async () => {
    const opened = tls === undefined ? createServer() : createTlsServer(tls);
    opened.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      connections.add(socket);
      socket.on('close', () => connections.delete(socket));
      socket.on('error', () => {});
      serve(socket);
    });
    await new Promise<void>((resolve) => opened.listen(port, '127.0.0.1', resolve));
    // listen() on a TCP port always gives an AddressInfo
    port = (opened.address() as AddressInfo).port;
    server = opened;
  };
  const stop = async () => {
    const closed = new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    for (const socket of connections) socket.destroy();
    await closed;
    server = undefined;
  };
  await start();
  const redis: TestRedis = {
    url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
    port,
    values,
    commands,
    connections,
    misdeed: () => undefined,
    stop,
    start,
  };
  return redis;

  function serve(socket: Socket): void {
    let text = '';
    let before = Promise.resolve();
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      for (let read = command(text); read !== undefined; read = command(text)) {
        const { words, rest } = read;
        text = rest;
        before = before.then(() => answerTo(words, socket));
      }
    });
  }

  async function answerTo(words: readonly string[], socket: Socket): Promise<void> {
    commands.push(words.join(' '));
    const misdeed = redis.misdeed(words);
    if (misdeed === 'silence') return;
    if (misdeed === 'reset') return void socket.destroy();
    if (misdeed !== undefined && 'slow' in misdeed) await new Promise((resolve) => setTimeout(resolve, misdeed.slow));
    const text = misdeed !== undefined && 'says' in misdeed ? misdeed.says : answer(words, values);
    if (!socket.destroyed) socket.write(text);
  }
}

/** The first whole command of a RESP stream, and what follows it. */
function command(text: string): { readonly words: string[]; readonly rest: string } | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  let at = head[0].length;
  const words: string[] = [];
  for (let left = Number(head[1]); left > 0; left -= 1) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (length === null) return undefined;
    const from = at + length[0].length;
    at = from + Number(length[1]) + 2;
    if (text.length < at) return undefined;
    words.push(text.slice(from, at - 2));
  }
  return { words, rest: text.slice(at) };
}

function answer(words: readonly string[], values: TestRedis['values']): string {
  const [name = '', key = '', ...rest] = words;
  const live = (one: string) => {
    const value = values.get(one);
    if (value !== undefined && value.endsAtMs <= Date.now()) values.delete(one);
    return values.get(one);
  };
  switch (name.toUpperCase()) {
    case 'PING':
      return '+PONG\r\n';
    case 'GET': {
      const value = live(key);
      return value === undefined ? '$-1\r\n' : `$${value.text.length}\r\n${value.text}\r\n`;
    }
    case 'PTTL': {
      const value = live(key);
      return value === undefined ? ':-2\r\n' : `:${value.endsAtMs - Date.now()}\r\n`;
    }
    case 'SET': {
      if (rest.includes('NX') && live(key) !== undefined) return '$-1\r\n';
      values.set(key, { text: rest[0] ?? '', endsAtMs: Date.now() + Number(rest.at(-1)) });
      return '+OK\r\n';
    }
    case 'EVAL': {
      const [, one = '', expected, ms] = rest;
      const value = live(one);
      if (value === undefined || value.text !== expected) return ':0\r\n';
      if (ms === undefined) values.delete(one);
      else value.endsAtMs = Date.now() + Number(ms);
      return ':1\r\n';
    }
    default:
      return `-ERR unknown command '${name}'\r\n`;
  }
}
