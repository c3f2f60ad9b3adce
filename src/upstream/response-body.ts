/** Where the pieces of a response body go. */
export interface BodySink {
  /** Takes a piece; false = no room, resume() is called on the body when there is room again. */
  readonly write: (chunk: Buffer) => boolean;
  /** The body is complete; trailer fields flat as received. */
  readonly end: (trailers: readonly string[]) => void;
  /** The body broke off. */
  readonly fail: (error: Error) => void;
}

/** What a body needs from the connection that it arrives on. */
export interface BodySource {
  readonly pause: () => void;
  readonly resume: () => void;
  readonly abort: (reason: Error) => void;
}

/** Bytes kept for a consumer that has not attached yet before the connection is paused. */
const holdLimit = 64 * 1024;

const nowhere: BodySink = { write: () => true, end: () => {}, fail: () => {} };

/**
 * A response body without a Readable around it: pieces that arrive before somebody attaches are kept as
 * references, later ones go straight through (Readable, pipe and end-of-stream were half of a proxy's cost).
 */
export class ResponseBody {
  #held: Buffer[] = [];
  #heldBytes = 0;
  #ended = false;
  #trailers: readonly string[] = [];
  #error: Error | undefined;
  #sink: BodySink | undefined;
  #onArrival: (() => void) | undefined;
  readonly #source: BodySource;

  constructor(source: BodySource) {
    this.#source = source;
  }

  /** The whole body has arrived. */
  get complete(): boolean {
    return this.#ended;
  }

  /** Why the rest of the body will not come; undefined = nothing has gone wrong. */
  get error(): Error | undefined {
    return this.#error;
  }

  /** Pieces received and not yet handed on. */
  get held(): readonly Buffer[] {
    return this.#held;
  }

  /** Trailer fields, flat; empty until the body is complete. */
  get trailers(): readonly string[] {
    return this.#trailers;
  }

  /** The connection delivers a piece. */
  push(chunk: Buffer): void {
    if (this.#sink !== undefined) {
      if (!this.#sink.write(chunk)) this.#source.pause();
      return;
    }
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes > holdLimit) this.#source.pause();
    this.#onArrival?.();
  }

  /** The connection says that the body is complete. */
  finish(trailers: readonly string[]): void {
    this.#ended = true;
    this.#trailers = trailers;
    if (this.#sink !== undefined) this.#sink.end(trailers);
    else this.#onArrival?.();
  }

  /** The connection broke. */
  fail(error: Error): void {
    this.#error = error;
    if (this.#sink !== undefined) this.#sink.fail(error);
    else this.#onArrival?.();
  }

  /**
   * Waits until the whole body is here, or more than 64 KiB of it, or the time is over; takes nothing away.
   * @param timeoutMs how long a body that trickles in is waited for
   * @returns true when the body is complete and no longer than 64 KiB
   */
  async holdWhole(timeoutMs: number): Promise<boolean> {
    const settled = (): boolean => this.#ended || this.#error !== undefined || this.#heldBytes > holdLimit;
    if (!settled()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs);
        this.#onArrival = () => {
          if (!settled()) return;
          clearTimeout(timer);
          resolve();
        };
      });
      this.#onArrival = undefined;
    }
    return this.#ended && this.#heldBytes <= holdLimit;
  }

  /** Hands what is held to the sink, and everything later too. */
  attach(sink: BodySink): void {
    this.#sink = sink;
    let room = true;
    for (const chunk of this.#held) room = sink.write(chunk);
    this.#forget();
    if (this.#error !== undefined) sink.fail(this.#error);
    else if (this.#ended) sink.end(this.#trailers);
    else if (room) this.#source.resume();
    else this.#source.pause();
  }

  /** The sink has room again. */
  resume(): void {
    this.#source.resume();
  }

  /** Nobody wants the rest: a complete body is forgotten, an incomplete one ends its connection. */
  discard(reason: Error): void {
    this.#forget();
    this.#sink = nowhere;
    if (!this.#ended && this.#error === undefined) this.#source.abort(reason);
  }

  #forget(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }
}
