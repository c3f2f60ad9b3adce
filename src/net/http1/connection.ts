import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { holdFailedWrites } from './failed-writes.ts';
import type { ReceiveBuffer } from './receive-buffer.ts';
import { requestHead } from './request-head.ts';
import type { ResponseHead } from './response-head.ts';
import { type AnswerReader, ResponseParser } from './response-parser.ts';
import { Upload } from './upload.ts';

/** A request, and who is told about its answer. Each ends with one call of `ended`, `failed` or `switched`. */
export interface Http1Call extends AnswerReader {
  readonly method: string;
  readonly target: string;
  /** Flat; see RequestHead. */
  readonly fields: readonly string[];
  /** A WebSocket is asked for. */
  readonly upgrade: boolean;
  /** An old connection has broken under it before. */
  readonly needsNewConnection: boolean;
  /** Opens the body when the connection is there; undefined = there is none. What it throws is the call's failure. */
  readonly openBody: (() => Readable) | undefined;
  /** The request goes out now. @param reused the connection has carried others */
  readonly begun: (connection: Http1Connection, reused: boolean) => void;
  /** Everything that has come was read, and it was not all of the answer. */
  readonly starved: () => void;
  /** The answer is complete. @param trailers flat */
  readonly ended: (trailers: readonly string[]) => void;
  /** There will be no answer, or no more of it. */
  readonly failed: (error: Error) => void;
  /** The upstream answered 101: the connection, with whatever has come behind the head, is the reader's. */
  readonly switched: (head: ResponseHead, socket: Socket) => void;
}

/** Who keeps the connections. */
export interface ConnectionOwner {
  /** It can take another request. @param keepAliveMs how long the upstream keeps it, as it says itself; undefined = it does not say */
  readonly released: (connection: Http1Connection, keepAliveMs: number | undefined) => void;
  /** It is over, or somebody else's. */
  readonly left: (connection: Http1Connection) => void;
}

/** Methods that every server expects a body of; some take that of another one, and what follows an upgrade, for the next request. */
const methodsWithBody: readonly string[] = ['POST', 'PUT', 'PATCH'];

/** One connection to an upstream that speaks HTTP/1.1: one request at a time (RFC 9112 §9). */
export class Http1Connection {
  /** As performance.now() says it. */
  readonly openedMs = performance.now();
  /** When it is closed if it is idle until then, by the same clock. */
  idleUntilMs = 0;
  readonly #socket: Socket;
  readonly #authority: string;
  readonly #owner: ConnectionOwner;
  readonly #parser = new ResponseParser();
  #call: Http1Call | undefined;
  #upload: Upload | undefined;
  #holdsFailedWrites = false;
  /** Why no more can be sent, while what has come is still read. */
  #failedWrite: Error | undefined;
  #used = false;
  /** Both sides agree where the request under way ends. */
  #reusable = true;
  /** The reader of this answer has made the upstream wait. */
  #heldUp = false;
  #left = false;
  readonly #detach: () => void;

  /**
   * @param authority for Host
   * @param received what the socket was opened with; undefined = it is a stream
   */
  constructor(socket: Socket, authority: string, owner: ConnectionOwner, received?: ReceiveBuffer) {
    this.#socket = socket;
    this.#authority = authority;
    this.#owner = owner;
    const data = (bytes: Buffer): void => this.#read(bytes);
    if (received !== undefined) received.taker = data;
    const end = (): void => this.#ended();
    const error = (error: Error): void => {
      this.#readRest();
      this.#break(error);
    };
    const close = (): void => this.#break(this.#failedWrite ?? new Error('other side closed'));
    const drain = (): void => this.#upload?.resume();
    socket.on('data', data).on('end', end).on('error', error).on('close', close).on('drain', drain);
    // Node's own listeners stay when the connection is handed over
    this.#detach = () => {
      socket.off('data', data).off('end', end).off('error', error).off('close', close).off('drain', drain);
    };
  }

  /** Sends a request; the answers to those before it have come. */
  send(call: Http1Call): void {
    const { method, target, fields, upgrade, openBody } = call;
    const chunked = openBody !== undefined && !hasLength(fields);
    let head: string;
    try {
      head = requestHead({ method, target, authority: this.#authority, fields, chunked, upgrade });
    } catch (error) {
      this.#owner.released(this, undefined);
      // requestHead throws nothing else
      call.failed(error as Error);
      return;
    }
    this.#call = call;
    this.#reusable = !upgrade && (openBody === undefined || methodsWithBody.includes(method));
    this.#heldUp = false;
    this.#parser.begin(method, call);
    call.begun(this, this.#used);
    this.#used = true;
    // nobody waits for it any more
    if (this.#left) return;
    if (openBody === undefined) {
      this.#socket.write(head, 'latin1');
      return;
    }
    let body: Readable;
    try {
      body = openBody();
    } catch (error) {
      this.#break(asError(error));
      return;
    }
    if (!this.#holdsFailedWrites) {
      this.#holdsFailedWrites = true;
      holdFailedWrites(this.#socket, (error) => this.#writeFailed(error));
    }
    // the head leaves with the first piece where that is there already, and alone where it is not
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    this.#upload = new Upload(this.#socket, body, chunked, (error) => this.#break(error));
    setImmediate(() => this.#socket.uncork());
  }

  /** Reads no more until resume(). */
  pause(): void {
    this.#heldUp = true;
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume();
  }

  /** Ends it; the request that it carries fails for this reason. */
  abort(reason: Error): void {
    this.#break(reason);
  }

  #read(bytes: Buffer): void {
    const call = this.#call;
    if (call === undefined) {
      // nobody has asked for it, and it must not answer the next request (CVE-2026-48931)
      this.#break(new Error('bytes on an idle connection'));
      return;
    }
    let at: number;
    try {
      at = this.#parser.read(bytes);
    } catch (error) {
      // the parser's own, or one of its reader's
      this.#break(asError(error));
      return;
    }
    // the reader may have ended it
    if (this.#call !== call) return;
    if (!this.#parser.over) {
      call.starved();
      return;
    }
    const { head, trailers } = this.#parser;
    if (head?.status === 101) this.#switch(call, head, bytes.subarray(at));
    else this.#complete(call, at === bytes.length ? head?.keepAliveMs : 0, trailers);
  }

  /** What had come before the connection broke, and waits because of a pause: nobody else would be given it. */
  #readRest(): void {
    while (this.#call !== undefined) {
      // a socket without an encoding gives Buffers
      const piece: Buffer | null = this.#socket.read();
      if (piece === null) return;
      this.#read(piece);
    }
  }

  #complete(call: Http1Call, keepAliveMs: number | undefined, trailers: readonly string[]): void {
    const sent = this.#failedWrite === undefined && (this.#upload === undefined || this.#upload.finished);
    this.#call = undefined;
    this.#parser.forget();
    if (sent && this.#reusable && keepAliveMs !== 0 && !this.#socket.destroyed) {
      this.#upload = undefined;
      if (this.#socket.isPaused()) this.#socket.resume();
      this.#owner.released(this, keepAliveMs);
    } else this.#leave();
    call.ended(trailers);
  }

  #switch(call: Http1Call, head: ResponseHead, rest: Buffer): void {
    const socket = this.#socket;
    this.#call = undefined;
    this.#left = true;
    this.#owner.left(this);
    this.#detach();
    // until its new owner has listeners of its own
    socket.on('error', () => {});
    socket.pause();
    if (rest.length > 0) socket.unshift(rest);
    call.switched(head, socket);
  }

  /** An answer may be there already: it is read up to its end or that of the connection, whichever comes first. */
  #writeFailed(error: Error): boolean {
    if (this.#upload === undefined || this.#left) return false;
    this.#failedWrite = error;
    this.#upload.cease();
    return true;
  }

  #ended(): void {
    const call = this.#call;
    // behind a failed write a reset looks like an end in good order: the failure was all that was said of it
    const inOrder = this.#failedWrite === undefined && !this.#wasReset();
    if (call !== undefined && inOrder && this.#parser.finish()) this.#complete(call, 0, []);
    else this.#break(this.#failedWrite ?? new Error('other side closed'));
  }

  /**
   * Node tells a reset that comes together with the last bytes as an end (libuv does, on POLLHUP), but such a connection has no
   * other side any more. Neither has one that ended in order more than a minute ago and is read on now: its peer has forgotten
   * it. Of TLS this cannot be seen where it runs through a tunnel.
   */
  #wasReset(): boolean {
    return !this.#heldUp && !('encrypted' in this.#socket) && this.#socket.remoteAddress === undefined;
  }

  #break(error: Error): void {
    const call = this.#call;
    this.#call = undefined;
    this.#parser.forget();
    this.#leave();
    call?.failed(error);
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#upload?.stop();
    this.#socket.destroy();
    this.#owner.left(this);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

/** The client's own Content-Length is among the fields; without one the body is chunked (RFC 9112 §6.1). */
function hasLength(fields: readonly string[]): boolean {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]?.length === 14 && fields[i]?.toLowerCase() === 'content-length') return true;
  }
  return false;
}
