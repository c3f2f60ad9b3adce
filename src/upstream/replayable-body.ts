import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * A request body that streams at once and is remembered up to a cap while it streams (linkerd2-proxy's ReplayBody):
 * one reader of the client's connection, one cursor per upstream attempt, one attempt at a time.
 */
export class ReplayableBody {
  readonly #source: IncomingMessage;
  readonly #maxBytes: number;
  /** Everything received so far; once that is more than the cap, only what the running attempt has not taken. */
  #chunks: Buffer[] = [];
  #bytes = 0;
  #cursor = 0;
  #forgotten = false;
  #abandoned = false;
  #ended = false;
  #error: Error | undefined;
  #attempt: Attempt | undefined;
  /** The body is, or may become, longer than the cap: Content-Length says so, or there is none. */
  readonly mayExceedCap: boolean;

  /**
   * @param source the client's request, not read yet
   * @param maxBytes bytes that are remembered (replay.maxBody)
   * @param contentLength bytes; undefined = chunked
   */
  constructor(source: IncomingMessage, maxBytes: number, contentLength: number | undefined) {
    this.#source = source;
    this.#maxBytes = maxBytes;
    this.mayExceedCap = contentLength === undefined || contentLength > maxBytes;
    source.on('data', (chunk: Buffer) => this.#receive(chunk));
    source.on('end', () => {
      this.#ended = true;
      this.#attempt?.more();
    });
    source.on('error', (error) => this.#fail(error));
    source.on('close', () => {
      if (!this.#ended) this.#fail(new Error('the client closed the connection before its request was complete'));
    });
    source.pause();
  }

  /** All that has been received is still remembered, so that another attempt can start from the first byte. */
  get replayable(): boolean {
    return !this.#forgotten && !this.#abandoned && this.#error === undefined;
  }

  /** The client has sent all of it. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * The body from its first byte; the attempt before it ends.
   * @param onTurn told whose turn it is: true = the upstream's, which has been given a piece or the end; false = the client's
   * @throws when it is no longer replayable
   */
  stream(onTurn?: (upstreams: boolean) => void): Readable {
    if (!this.replayable) throw new Error('the request body is no longer remembered from its first byte');
    this.#attempt?.destroy();
    this.#cursor = 0;
    this.#attempt = new Attempt(this, onTurn);
    return this.#attempt;
  }

  /** Nobody wants the rest: it is read and dropped, so that the connection can be closed in good order. */
  abandon(): void {
    this.#abandoned = true;
    this.#chunks = [];
    this.#source.resume();
  }

  /** The next piece for the running attempt; null = the end, undefined = not here yet (the attempt is told). */
  next(attempt: Attempt): Buffer | null | undefined {
    if (attempt !== this.#attempt) return undefined;
    const chunk = this.#forgotten ? this.#chunks.shift() : this.#chunks[this.#cursor];
    if (chunk !== undefined) {
      this.#cursor += 1;
      return chunk;
    }
    if (this.#ended) return null;
    this.#source.resume();
    return undefined;
  }

  /** An attempt is over: what comes before the next one might be more than is remembered, so the client waits. */
  left(attempt: Attempt): void {
    if (attempt === this.#attempt && !this.#abandoned) this.#source.pause();
  }

  #receive(chunk: Buffer): void {
    if (this.#abandoned) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes && !this.#forgotten) {
      this.#forgotten = true;
      this.#chunks.splice(0, this.#cursor);
    }
    this.#attempt?.more();
    // only what nobody has taken holds the client up: a pause for each piece costs a third of an upload
    if (this.#chunks.length > (this.#forgotten ? 0 : this.#cursor)) this.#source.pause();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#attempt?.destroy(this.#error);
  }
}

/** One upstream attempt's view of the body: one piece for each _read. */
class Attempt extends Readable {
  readonly #body: ReplayableBody;
  readonly #onTurn: ((upstreams: boolean) => void) | undefined;
  #wanted = false;

  constructor(body: ReplayableBody, onTurn: ((upstreams: boolean) => void) | undefined) {
    super({ highWaterMark: 64 * 1024 });
    this.#body = body;
    this.#onTurn = onTurn;
  }

  override _read(): void {
    this.#wanted = true;
    this.more();
    if (this.#wanted) this.#onTurn?.(false);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#body.left(this);
    callback(error);
  }

  /** There may be something to take. */
  more(): void {
    if (!this.#wanted || this.destroyed) return;
    const piece = this.#body.next(this);
    if (piece === undefined) return;
    this.#wanted = false;
    this.#onTurn?.(true);
    this.push(piece);
  }
}
