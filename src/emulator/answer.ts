import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

/** What an emulator answers. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body as JSON; none of the three = no body. */
  readonly json?: unknown;
  readonly html?: string;
  /** The body in pieces, sent as they come. */
  readonly pieces?: AsyncIterable<string>;
  /** The error code in the body, for the counters. */
  readonly errorCode?: string;
}

/** Content codings that a 401 body can be given on request. */
export type Coding = 'gzip' | 'br' | 'deflate';

const encode: Readonly<Record<Coding, (body: Buffer) => Buffer>> = {
  gzip: (body) => gzipSync(body),
  br: (body) => brotliCompressSync(body),
  deflate: (body) => deflateSync(body),
};

/** Writes the answer; to HEAD the same head and no body (RFC 9110 §9.3.2). */
export async function writeAnswer(
  response: ServerResponse,
  method: string,
  answer: Answer,
  coding: Coding | undefined,
): Promise<void> {
  const type = answer.html === undefined ? 'application/json;charset=UTF-8' : 'text/html;charset=UTF-8';
  if (answer.pieces !== undefined) {
    response.writeHead(answer.status, { 'Content-Type': type, ...answer.headers });
    if (method === 'HEAD') response.end();
    else await pipeline(Readable.from(answer.pieces), response);
    return;
  }
  const text = answer.html ?? (answer.json === undefined ? undefined : JSON.stringify(answer.json));
  if (text === undefined) {
    response.writeHead(answer.status, {
      ...(answer.status === 204 ? {} : { 'Content-Length': '0' }),
      ...answer.headers,
    });
    response.end();
    return;
  }
  const plain = Buffer.from(text);
  const used = answer.status === 401 ? coding : undefined;
  const body = used === undefined ? plain : encode[used](plain);
  response.writeHead(answer.status, {
    'Content-Type': type,
    'Content-Length': String(body.length),
    ...(used === undefined ? {} : { 'Content-Encoding': used }),
    ...answer.headers,
  });
  // Node itself sends no body to HEAD.
  response.end(body);
}
