import { ChunkedDecoder } from './chunked-decoder.ts';
import { ProtocolError } from './protocol-error.ts';
import { type ResponseHead, readResponseHead } from './response-head.ts';

/** Who is told what of an answer. */
export interface AnswerReader {
  /** A head before the answer (1xx, but not 101). */
  readonly informed: (head: ResponseHead) => void;
  /** The head of the answer. */
  readonly answered: (head: ResponseHead) => void;
  /** A piece of its body: a view of what was received, valid for as long as somebody holds it. */
  readonly received: (piece: Buffer) => void;
}

/** Bytes of a response head: as many as Node takes by default. */
const mostHeadBytes = 16 * 1024;

const endOfHead = Buffer.from('\r\n\r\n');
const nothing = Buffer.alloc(0);

/**
 * What can never become a head is known as such at once: a server that speaks something else would be waited for.
 * @param unchecked where the lines begin that have not been looked at
 */
function checkBeginning(bytes: Buffer, from: number, unchecked: number): void {
  const protocol = 'HTTP/1.';
  if (!protocol.startsWith(bytes.toString('latin1', from, from + protocol.length))) {
    throw new ProtocolError('bad answer: this is not HTTP/1.1');
  }
  for (let at = bytes.indexOf(0x0a, unchecked); at !== -1; at = bytes.indexOf(0x0a, at + 1)) {
    if (bytes[at - 1] !== 0x0d) throw new ProtocolError('bad head: a line ends without CR');
  }
}

/** Reads the answers of one connection, one after the other, from pieces that are cut anywhere (RFC 9112). */
export class ResponseParser {
  /** The answer is complete, trailers included; what follows in the same piece belongs to nobody. */
  over = true;
  /** Of a chunked body, flat; empty until it is over. */
  trailers: readonly string[] = [];
  /** Of the answer; undefined until it is there. */
  head: ResponseHead | undefined;
  #method = '';
  #reader: AnswerReader | undefined;
  /** What has come of a head. */
  #begun: Buffer = nothing;
  #decoder: ChunkedDecoder | undefined;
  /** Bytes of the body that are still to come; Infinity = until the connection ends. */
  #left = 0;

  /** The answer to a request is next. */
  begin(method: string, reader: AnswerReader): void {
    this.over = false;
    this.trailers = [];
    this.head = undefined;
    this.#method = method;
    this.#reader = reader;
    this.#begun = nothing;
    this.#decoder = undefined;
    this.#left = 0;
  }

  /** Tells the reader nothing more, and does not keep it while the connection is idle. */
  forget(): void {
    this.#reader = undefined;
  }

  /**
   * Reads on, up to the end of the answer at most.
   * @returns the place behind what was read
   * @throws ProtocolError
   */
  read(bytes: Buffer): number {
    let at = 0;
    let piece = bytes;
    while (this.head === undefined) {
      const before = this.#begun.length;
      if (before > 0) piece = Buffer.concat([this.#begun, piece.subarray(at)]);
      const start = before > 0 ? 0 : at;
      const end = piece.indexOf(endOfHead, Math.max(start, before - 3));
      // where no end is, it may have begun with the last three bytes
      if ((end === -1 ? piece.length - 3 : end) - start > mostHeadBytes) throw new ProtocolError('bad head: too large');
      if (end === -1) {
        checkBeginning(piece, start, Math.max(start, before));
        // a copy: what was received may be large, and would be kept with its last bytes
        this.#begun = Buffer.from(piece.subarray(start));
        return bytes.length;
      }
      this.#headRead(piece.toString('latin1', start, end + 2));
      at = end + 4;
      this.#begun = nothing;
    }
    if (!this.over) at = this.#readBody(piece, at);
    // seen from the end, because the beginning may have come earlier
    return bytes.length - (piece.length - at);
  }

  /** The connection has ended in good order. @returns whether that is the end of the answer too */
  finish(): boolean {
    if (this.over || this.head?.framing !== 'until-close') return false;
    this.over = true;
    return true;
  }

  #headRead(text: string): void {
    const head = readResponseHead(text, this.#method);
    const { status, framing } = head;
    if (status < 200 && status !== 101) {
      this.#reader?.informed(head);
      return;
    }
    this.head = head;
    if (framing === 'chunked') this.#decoder = new ChunkedDecoder();
    else this.#left = framing === 'until-close' ? Number.POSITIVE_INFINITY : framing;
    this.#reader?.answered(head);
    this.over = framing === 0;
  }

  #readBody(bytes: Buffer, from: number): number {
    if (from === bytes.length) return from;
    if (this.#decoder !== undefined) {
      const at = this.#decoder.read(bytes, from, (piece) => this.#reader?.received(piece));
      this.over = this.#decoder.over;
      this.trailers = this.#decoder.trailers;
      return at;
    }
    const end = Math.min(bytes.length, from + this.#left);
    this.#left -= end - from;
    this.over = this.#left === 0;
    this.#reader?.received(bytes.subarray(from, end));
    return end;
  }
}
