import { ProtocolError } from './protocol-error.ts';
import { readFieldLines } from './response-head.ts';

/** A size of at most 2^52 - 1, then extensions that nobody here knows and everybody may ignore (RFC 9112 §7.1.1). */
const sizeLine = /^([0-9A-Fa-f]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?\r\n$/;

/** Characters of all size lines with their extensions beyond what sizes need, and of the trailer section (Node's own limit). */
const mostCharacters = 16 * 1024;

/** Takes the chunked transfer coding off a body (RFC 9112 §7.1), from pieces that are cut anywhere. */
export class ChunkedDecoder {
  /** Flat: name, value, name, value …; empty until the body is over. */
  trailers: readonly string[] = [];
  /** The last chunk and the trailer section have been read. */
  over = false;
  #part: 'size' | 'data' | 'data end' | 'trailers' = 'size';
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  /** What has come of a line whose end has not. */
  #line = '';
  #trailerSection = '';
  #extensions = 0;

  /**
   * Reads on, up to the end of the body at most.
   * @param take gets the data, as views of the bytes
   * @returns the place behind what was read
   * @throws ProtocolError
   */
  read(bytes: Buffer, from: number, take: (piece: Buffer) => void): number {
    let at = from;
    while (at < bytes.length && !this.over) {
      if (this.#part === 'data') {
        const end = Math.min(at + this.#left, bytes.length);
        this.#left -= end - at;
        if (this.#left === 0) this.#part = 'data end';
        take(bytes.subarray(at, end));
        at = end;
        continue;
      }
      const newline = bytes.indexOf(0x0a, at);
      const end = newline === -1 ? bytes.length : newline + 1;
      if (this.#line.length + end - at > mostCharacters) throw new ProtocolError('bad chunk: a line is too long');
      this.#line += bytes.toString('latin1', at, end);
      at = end;
      if (newline === -1) break;
      const line = this.#line;
      this.#line = '';
      this.#lineRead(line);
    }
    return at;
  }

  #lineRead(line: string): void {
    if (this.#part === 'size') {
      const size = sizeLine.exec(line)?.[1];
      if (size === undefined) throw new ProtocolError('bad chunk size');
      this.#extensions += line.length - size.length - 2;
      if (this.#extensions > mostCharacters) throw new ProtocolError('bad chunk: too many extensions');
      this.#left = Number.parseInt(size, 16);
      this.#part = this.#left === 0 ? 'trailers' : 'data';
    } else if (this.#part === 'data end') {
      if (line !== '\r\n') throw new ProtocolError('bad chunk: it is longer than its size');
      this.#part = 'size';
    } else if (line === '\r\n') {
      this.trailers = readFieldLines(this.#trailerSection, 0);
      this.over = true;
    } else {
      this.#trailerSection += line;
      if (this.#trailerSection.length > mostCharacters) throw new ProtocolError('bad trailer section: too large');
    }
  }
}
