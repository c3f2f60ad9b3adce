import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A request body after it has been read to its end. */
export interface ReceivedBody {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** The first 64 KiB as UTF-8; enough for every form and fault. */
  readonly text: string;
}

const keptBytes = 64 * 1024;

/**
 * Reads a request body whole without holding more than its beginning.
 * @throws when the caller goes away before the end.
 */
export async function receiveBody(request: IncomingMessage): Promise<ReceivedBody> {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    // A request without an encoding set yields Buffers only.
    const piece = chunk as Buffer;
    if (bytes < keptBytes) kept.push(piece.subarray(0, keptBytes - bytes));
    bytes += piece.length;
    hash.update(piece);
  }
  return { bytes, sha256: hash.digest('hex'), text: Buffer.concat(kept).toString('utf8') };
}
