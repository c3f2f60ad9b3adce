import { ProtocolError } from '../../../src/net/http1/protocol-error.ts';
import { ResponseParser } from '../../../src/net/http1/response-parser.ts';

/** What a parser has told of an answer; the body in one piece, because where it was cut says nothing. */
export interface Reading {
  /** Status, reason and fields of each head, those before the answer too. */
  readonly heads: (readonly [status: number, reason: string, fields: readonly string[]])[];
  /** Latin1. */
  body: string;
  trailers: readonly string[];
  end: 'over' | 'open' | 'refused';
  /** Bytes behind the end. */
  rest: number;
}

/** The places at which a message of so many bytes can be cut once; and last: everywhere. */
export function cuts(length: number): number[][] {
  const once = Array.from({ length: Math.max(0, length - 1) }, (_, n) => [n + 1]);
  return [[], ...once, once.flat()];
}

/** The pieces of a message, cut at these places. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  return [0, ...places].map((start, n) => bytes.subarray(start, places[n] ?? bytes.length));
}

/**
 * Reads an answer with a parser of its own.
 * @param closes the connection ends behind the last piece
 */
export function readAnswer(pieces: readonly Buffer[], method: string, closes: boolean): Reading {
  const reading: Reading = { heads: [], body: '', trailers: [], end: 'open', rest: 0 };
  const head = ({ status, reason, fields }: { status: number; reason: string; fields: readonly string[] }): void => {
    reading.heads.push([status, reason, fields]);
  };
  const received = (piece: Buffer): void => {
    reading.body += piece.toString('latin1');
  };
  const parser = new ResponseParser();
  parser.begin(method, { informed: head, answered: head, received });
  try {
    for (const piece of pieces) {
      if (parser.over) reading.rest += piece.length;
      else reading.rest = piece.length - parser.read(piece);
    }
    if (closes) parser.finish();
    reading.end = parser.over ? 'over' : 'open';
    reading.trailers = parser.trailers;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    reading.end = 'refused';
  }
  return reading;
}
