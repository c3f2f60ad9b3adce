import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Act, plainAnswer, type UpstreamScript } from './case.ts';

/** A request as its bytes arrived. */
export interface ArrivedBytes {
  /** Request line and fields, with CRLFs, without the empty line. */
  readonly head: string;
  /** Without chunk framing. */
  readonly body: string;
  /** The body has ended. */
  readonly whole: boolean;
}

/** An upstream of bytes: it reads just enough HTTP to know where a request ends, and plays a script. */
export class RawUpstream {
  readonly #server: Server = createServer((socket) => this.#serve(socket));
  readonly #sockets = new Set<Socket>();
  #script: UpstreamScript = { answers: [[plainAnswer]] };
  #connections: Connection[] = [];
  #requests = 0;
  port = 0;
  /** Answers in place of a script: what is done with the request of this head. */
  respond: ((head: string) => readonly Act[]) | undefined;

  /** Listens on a free port of loopback. */
  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    // listen() on a TCP port always gives an AddressInfo
    this.port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /** Ends every connection in good order and plays this script from now on. */
  async play(script: UpstreamScript | undefined): Promise<void> {
    const gone = [...this.#sockets].map(
      (socket) =>
        new Promise<void>((resolve) => {
          const timer = setTimeout(() => socket.destroy(), 300);
          socket.once('close', () => {
            clearTimeout(timer);
            resolve();
          });
          socket.end();
        }),
    );
    await Promise.all(gone);
    this.#connections = [];
    this.#requests = 0;
    this.#script = this.#named(script ?? { answers: [[plainAnswer]] });
  }

  /** What has arrived since play(), in order. */
  get arrived(): readonly ArrivedBytes[] {
    return this.#connections.flatMap(({ requests }) => requests);
  }

  /** Any byte has arrived since play(). */
  get touched(): boolean {
    return this.#connections.some(({ bytes }) => bytes > 0);
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  /** UPSTREAM in an answer stands for this server's authority. */
  #named(script: UpstreamScript): UpstreamScript {
    const authority = `127.0.0.1:${this.port}`;
    const named = (act: Act): Act => (typeof act === 'string' ? act.replaceAll('UPSTREAM', authority) : act);
    return { ...script, answers: script.answers.map((acts) => acts.map(named)) };
  }

  #serve(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    const connection = new Connection(socket, this.#script.at ?? 'request', (head) => {
      if (this.respond !== undefined) return this.respond(head);
      const { answers } = this.#script;
      const acts = answers[Math.min(this.#requests, answers.length - 1)] ?? [plainAnswer];
      this.#requests += 1;
      return acts;
    });
    this.#connections.push(connection);
  }
}

/** One connection: splits what arrives into requests, and answers each. */
class Connection {
  bytes = 0;
  readonly requests: { head: string; body: string; whole: boolean }[] = [];
  readonly #socket: Socket;
  readonly #at: 'head' | 'request';
  readonly #nextAnswer: (head: string) => readonly Act[];
  #pending = '';
  #behindHead = '';
  #left: number | 'chunked' = 0;
  #inBody = false;
  #wake: () => void = () => {};

  constructor(socket: Socket, at: 'head' | 'request', nextAnswer: (head: string) => readonly Act[]) {
    this.#socket = socket;
    this.#at = at;
    this.#nextAnswer = nextAnswer;
    socket.on('data', (chunk) => {
      this.bytes += chunk.length;
      this.#pending += chunk.toString('latin1');
      this.#behindHead += chunk.toString('latin1');
      this.#read();
      this.#wake();
    });
  }

  #read(): void {
    for (;;) {
      if (!this.#inBody) {
        const end = this.#pending.indexOf('\r\n\r\n');
        if (end < 0) return;
        this.#begin(this.#pending.slice(0, end));
        this.#pending = this.#pending.slice(end + 4);
        this.#behindHead = this.#pending;
      }
      if (!this.#body()) return;
    }
  }

  #begin(head: string): void {
    this.requests.push({ head, body: '', whole: false });
    this.#inBody = true;
    const length = /^content-length: *([0-9]+)/im.exec(head)?.[1];
    this.#left = /^transfer-encoding: *chunked/im.test(head) ? 'chunked' : Number(length ?? 0);
    if (this.#at === 'head') void this.#answer();
  }

  /** Takes what is there of the body; true = it has ended. */
  #body(): boolean {
    const request = this.requests.at(-1);
    if (request === undefined) return false;
    if (this.#left === 'chunked') {
      for (;;) {
        const line = /^([0-9a-f]+)[^\r]*\r\n/i.exec(this.#pending);
        if (line === null) return false;
        const size = Number.parseInt(line[1] ?? '', 16);
        const start = line[0].length;
        if (size === 0) {
          // behind the last chunk: the trailer section, which may be empty
          const end = this.#pending.indexOf('\r\n\r\n', start - 2);
          if (end < 0) return false;
          this.#pending = this.#pending.slice(end + 4);
          break;
        }
        if (this.#pending.length < start + size + 2) return false;
        request.body += this.#pending.slice(start, start + size);
        this.#pending = this.#pending.slice(start + size + 2);
      }
    } else {
      const taken = this.#pending.slice(0, this.#left);
      request.body += taken;
      this.#left -= taken.length;
      this.#pending = this.#pending.slice(taken.length);
      if (this.#left > 0) return false;
    }
    request.whole = true;
    this.#inBody = false;
    if (this.#at === 'request') void this.#answer();
    return true;
  }

  async #answer(): Promise<void> {
    for (const act of this.#nextAnswer(this.requests.at(-1)?.head ?? '')) {
      if (this.#socket.destroyed) return;
      if (act === 'end') this.#socket.end();
      else if (act === 'reset') this.#socket.resetAndDestroy();
      else if (typeof act === 'string') {
        this.#socket.write(Buffer.from(act, 'latin1'));
        // what was written has to be on its way before a reset takes it back
        await new Promise((resolve) => setTimeout(resolve, 1));
      } else if ('waitMs' in act) await new Promise((resolve) => setTimeout(resolve, act.waitMs));
      else await this.#until(act.until);
    }
  }

  async #until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#behindHead) && !this.#socket.destroyed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.once('close', resolve);
      });
    }
  }
}
