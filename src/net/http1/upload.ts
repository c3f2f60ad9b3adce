import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** A request body on its way onto a connection, as fast as the connection takes it. */
export class Upload {
  /** The last byte has been handed to the connection. */
  finished = false;
  readonly #socket: Socket;
  readonly #body: Readable;
  readonly #chunked: boolean;
  readonly #failed: (error: Error) => void;
  #stopped = false;
  #ceased = false;

  /**
   * @param chunked each piece becomes a chunk (RFC 9112 §7.1)
   * @param failed told when the body breaks off
   */
  constructor(socket: Socket, body: Readable, chunked: boolean, failed: (error: Error) => void) {
    this.#socket = socket;
    this.#body = body;
    this.#chunked = chunked;
    this.#failed = failed;
    body.on('data', (piece: Buffer) => this.#write(piece));
    body.on('end', () => this.#end());
    body.on('error', (error) => this.#fail(error));
    body.on('close', () => {
      if (!this.finished) this.#fail(new Error('the request body was given up'));
    });
  }

  /** The connection has room again. */
  resume(): void {
    if (!this.#stopped) this.#body.resume();
  }

  /** The connection takes nothing more: the rest is read and dropped, because a client may read its answer only behind it. */
  cease(): void {
    this.#ceased = true;
    this.#body.resume();
  }

  /** Nothing more of it is sent. */
  stop(): void {
    if (this.#stopped || this.finished) return;
    this.#stopped = true;
    this.#body.destroy();
  }

  #write(piece: Buffer): void {
    // an empty chunk would be the last
    if (this.#stopped || this.#ceased || piece.length === 0) return;
    if (!this.#chunked) {
      this.#socket.write(piece);
      this.#pauseWhileFull();
      return;
    }
    this.#socket.cork();
    this.#socket.write(`${piece.length.toString(16)}\r\n`, 'latin1');
    this.#socket.write(piece);
    this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    this.#pauseWhileFull();
  }

  /** What write() returns is about the size of the piece: it says no although the operating system has taken everything. */
  #pauseWhileFull(): void {
    if (this.#socket.writableLength > 0 && this.#socket.writableNeedDrain) this.#body.pause();
  }

  #end(): void {
    if (this.#stopped) return;
    this.finished = true;
    if (this.#chunked && !this.#ceased) this.#socket.write('0\r\n\r\n', 'latin1');
  }

  #fail(error: Error): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#failed(error);
  }
}
