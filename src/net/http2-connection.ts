import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { LateTimer } from './late-timer.ts';

/** How long things last on an HTTP/2 connection, and who hears of its end. */
export interface Http2ConnectionSettings {
  /** Milliseconds after which it takes no further request. */
  readonly longestUseMs: number;
  /** Milliseconds within which the upstream answers a PING. */
  readonly pingMs: number;
  /** It takes no further stream; called once or more. */
  readonly left: (connection: Http2Connection) => void;
}

/** Milliseconds without a stream after which a connection is closed: longer ones are cut by what is on the way, without a word. */
const idleMs = 30_000;
/** RFC 9113 §7; written out so that node:http2 is loaded only where it is used. */
const refusedStream = 7;

/** A connection that speaks HTTP/2, and what it carries. */
export class Http2Connection {
  readonly session: ClientHttp2Session;
  readonly #socket: TLSSocket;
  readonly #settings: Http2ConnectionSettings;
  /** Streams that are open. */
  streams = 0;
  /** An earlier stream was opened on it. */
  used = false;
  #goaway: { readonly code: number; readonly lastStream: number } | undefined;
  #probe: LateTimer | undefined;

  /** @param session on the socket; the upstream's settings have come */
  constructor(session: ClientHttp2Session, socket: TLSSocket, settings: Http2ConnectionSettings) {
    this.session = session;
    this.#socket = socket;
    this.#settings = settings;
    const leave = (): void => settings.left(this);
    const old = setTimeout(() => this.retire(), settings.longestUseMs).unref();
    // each stream hears of it too and has the words for its caller
    session.on('error', leave);
    session.on('close', () => {
      clearTimeout(old);
      this.#probe?.stop();
      leave();
    });
    // Node tells of it before it ends any stream, and lets those that are under way come to their end
    session.on('goaway', (code, lastStream) => {
      this.#goaway = { code, lastStream };
      leave();
    });
    session.setTimeout(idleMs, () => {
      if (this.streams === 0) this.retire();
    });
  }

  /** Bytes that have come from the upstream so far. */
  get received(): number {
    return this.#socket.bytesRead;
  }

  /** It takes no further stream, and is closed when those under way are over. */
  retire(): void {
    this.#settings.left(this);
    this.session.close();
  }

  /**
   * Asks for a sign of life; a connection without one is ended, and its streams with it. Its way may be gone without a
   * word, and Node and the operating system would go on for a quarter of an hour.
   */
  probe(): void {
    if (this.#probe !== undefined || this.session.destroyed) return;
    const before = this.received;
    this.session.ping(() => {});
    const look = (): void => {
      this.#probe = undefined;
      if (this.received === before) this.session.destroy(new Error('the connection is dead: no answer to a PING'));
    };
    this.#probe = new LateTimer(this.#settings.pingMs, look).unref();
  }

  /**
   * The upstream says that it has done nothing about a stream: by a reset with REFUSED_STREAM, or by a GOAWAY whose last
   * stream came before it (RFC 9113 §6.8, §8.7). Whatever the code of a GOAWAY is, it says nothing about earlier streams.
   */
  ignored({ id, rstCode }: ClientHttp2Stream): boolean {
    if (this.#goaway !== undefined && id !== undefined && id > this.#goaway.lastStream) return true;
    // Node gives the code of a GOAWAY to every stream that it ends
    return rstCode === refusedStream && this.#goaway?.code !== refusedStream;
  }
}
