import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { BearerdError } from '../errors.ts';
import type { Log } from '../log.ts';

/** The key that callers have to send, prepared for comparison. */
export interface LocalKey {
  /** As it is written in messages. */
  readonly header: string;
  /** sha256 of the key. */
  readonly digest: Buffer;
}

/** Name of the field when none is configured. */
const defaultHeader = 'Bearerd-Key';

/** Reads the key of a configuration; undefined = none is asked for. @throws BearerdError BEARERD_SECRET_UNREADABLE */
export async function readLocalKey(guard: Config['guard'], log: Log): Promise<LocalKey | undefined> {
  if (guard.localKey === undefined) return undefined;
  const header = guard.localKeyHeader ?? defaultHeader;
  return { header, digest: digestOf(Buffer.from(await guard.localKey.read(log), 'utf8')) };
}

/** Lower-case name of the field that must not be forwarded; undefined = there is no key. */
export function localKeyField(guard: Config['guard']): string | undefined {
  return guard.localKey === undefined ? undefined : (guard.localKeyHeader ?? defaultHeader).toLowerCase();
}

/**
 * Judges whether a request carries the key, in a time that does not depend on what is wrong with it: digests are
 * compared, so that not even the length shows.
 * @param rawHeaders Node's flat list, latin1
 */
export function judgeLocalKey({ header, digest }: LocalKey, rawHeaders: readonly string[]): BearerdError | undefined {
  const name = header.toLowerCase();
  let found: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() !== name) continue;
    if (found !== undefined) return refused(`the header field ${header} is there more than once`);
    found = rawHeaders[i + 1] ?? '';
  }
  if (found === undefined) return refused(`the header field ${header} is missing`);
  if (timingSafeEqual(digestOf(Buffer.from(found, 'latin1')), digest)) return undefined;
  return refused(`the header field ${header} does not have the key`);
}

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Never 401: no credential of HTTP authentication is asked for. */
function refused(detail: string): BearerdError {
  return new BearerdError('BEARERD_LOCAL_KEY', detail);
}
