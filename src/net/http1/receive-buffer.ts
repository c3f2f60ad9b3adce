import type { OnReadOpts } from 'node:net';

/** Bytes of a buffer where little comes at a time, and where much does. */
const narrow = 16 * 1024;
const wide = 64 * 1024;
/** Bytes that are too few for a read of their own. */
const least = 4 * 1024;

/**
 * What a connection receives into, in place of its 'data' events: Node would make a buffer of 64 KB for each read, shrink it,
 * and bring it through a Readable (docs/decisions/0001-data-path.md). A buffer is filled from front to back and never written
 * twice, so that pieces of it may be kept.
 */
export class ReceiveBuffer implements OnReadOpts {
  /** Given each piece as it comes. */
  taker: (piece: Buffer) => void = () => {};
  #room = Buffer.allocUnsafeSlow(narrow);

  /** Where the next bytes go to; Node asks behind each callback. */
  readonly buffer = (): Uint8Array => this.#room;

  /** So many bytes have come. @returns true = there may be more; pause() and resume() of the socket are heeded besides */
  readonly callback = (count: number): boolean => {
    const piece = this.#room.subarray(0, count);
    const left = this.#room.length - count;
    const much = left === 0 || count >= narrow;
    this.#room =
      left < (much ? wide / 2 : least) ? Buffer.allocUnsafeSlow(much ? wide : narrow) : this.#room.subarray(count);
    this.taker(piece);
    return true;
  };
}
