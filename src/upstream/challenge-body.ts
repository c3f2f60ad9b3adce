import { brotliDecompress, gunzip, type InputType, inflate, inflateRaw } from 'node:zlib';
import type { ResponseBody } from './response-body.ts';

/** How long a 401 body that trickles in is waited for; then it counts as one without a code. */
const patienceMs = 5_000;

/** Decoded bytes that are looked at (wire facts 2.2). */
const inspectBytes = 64 * 1024;

type Decode = (input: InputType, options: object, done: (error: Error | null, result: Buffer) => void) => void;

/** A function, so that the shipped program loads zlib with the first coded body (packaging/bundle.ts). */
function decodersOf(coding: string): readonly Decode[] {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return [gunzip];
    // servers disagree whether deflate has a zlib wrapper (RFC 9110 §8.4.1.2)
    case 'deflate':
      return [inflate, inflateRaw];
    case 'br':
      return [brotliDecompress];
    default:
      return [];
  }
}

/**
 * The text of a 401 body for inspection, from a copy: the original bytes stay in the body.
 * @returns an empty string when the body is longer than 64 KiB, incomplete, or in a coding that is not understood
 */
export async function challengeText(body: ResponseBody, contentEncoding: string): Promise<string> {
  if (!(await body.holdWhole(patienceMs))) return '';
  const bytes = Buffer.concat(body.held);
  const coding = contentEncoding.trim().toLowerCase();
  if (coding === '' || coding === 'identity') return bytes.toString('utf8');
  for (const decode of decodersOf(coding)) {
    const text = await decoded(decode, bytes);
    if (text !== undefined) return text;
  }
  return '';
}

function decoded(decode: Decode, bytes: Buffer): Promise<string | undefined> {
  return new Promise((resolve) => {
    decode(bytes, { maxOutputLength: inspectBytes }, (error, result) => {
      resolve(error === null ? result.toString('utf8') : undefined);
    });
  });
}
