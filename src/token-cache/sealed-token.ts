import { createHmac, hkdfSync } from 'node:crypto';
import type { Secret } from '../config/secret.ts';
import type { Log } from '../log.ts';
import type { AccessToken, LifetimeSource } from '../token/access-token.ts';
import type { Availability } from './availability.ts';

/** What one secret of the configuration becomes. */
export interface CacheKey {
  /** First 8 hex digits of a hash: says in an entry which key it is for. */
  readonly id: string;
  /** 32 bytes for A256GCM. */
  readonly encryption: Uint8Array;
  /** 32 bytes for the names of entries: without it nobody can tell whose entry one is. */
  readonly naming: Uint8Array;
}

/** A token as it is put away: with its end, and bound to the name that it is kept under. */
export interface SealedToken {
  readonly value: string;
  /** Epoch milliseconds of the token request, by the clock of the machine that made it. */
  readonly requestedAtMs: number;
  readonly lifetimeMs: number;
  readonly lifetimeSource: LifetimeSource;
}

/** The keys of the configuration: the first encrypts, all decrypt. They are read again each time, as any secret. */
export class KeyRing {
  readonly #secrets: readonly Secret[];
  readonly #log: Log;
  readonly #availability: Availability;
  #derived: ReadonlyMap<string, CacheKey> = new Map();

  constructor(secrets: readonly Secret[], log: Log, availability: Availability) {
    this.#secrets = secrets;
    this.#log = log;
    this.#availability = availability;
  }

  /** @throws BearerdError BEARERD_SECRET_UNREADABLE, which has been told */
  async read(): Promise<readonly CacheKey[]> {
    const tell = this.#availability.attempt('keys');
    const texts = await Promise.all(this.#secrets.map((secret) => secret.read(this.#log))).catch((error: unknown) => {
      tell(error instanceof Error ? error.message.replace(/\.$/, '') : 'a key cannot be read');
      throw error;
    });
    tell(undefined);
    this.#derived = new Map(texts.map((text) => [text, this.#derived.get(text) ?? derive(text)]));
    return [...this.#derived.values()];
  }
}

/** HKDF (RFC 5869) makes independent keys of one secret of any form; it adds no strength to a weak one. */
function derive(secret: string): CacheKey {
  const part = (use: string) => new Uint8Array(hkdfSync('sha256', secret, 'bearerd token cache', use, 32));
  const id = Buffer.from(part('key id')).toString('hex').slice(0, 8);
  return { id, encryption: part('A256GCM'), naming: part('names') };
}

/** The name of an entry: 64 hex digits that say nothing without the key. */
export function nameOf(key: CacheKey, use: 'token' | 'lock', credential: string): string {
  return `bearerd:${use}:${createHmac('sha256', key.naming).update(`${use} ${credential}`).digest('hex')}`;
}

/** Encrypts a token (JWE compact, `dir`, A256GCM: RFC 7518 §4.5, §5.3). Bound to its name: put elsewhere, it does not open. */
export async function seal(token: SealedToken, name: string, key: CacheKey): Promise<string> {
  const { CompactEncrypt } = await import('jose');
  const { value, requestedAtMs, lifetimeMs, lifetimeSource } = token;
  const content = JSON.stringify({ name, value, requestedAtMs, lifetimeMs, lifetimeSource });
  return new CompactEncrypt(Buffer.from(content))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: key.id })
    .encrypt(key.encryption);
}

/** The token in an entry; undefined when it was not made with this key for this name, or is anything else. Never throws. */
export async function open(text: string, name: string, key: CacheKey): Promise<SealedToken | undefined> {
  const { compactDecrypt } = await import('jose');
  const only = { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] };
  try {
    const { plaintext } = await compactDecrypt(text, key.encryption, only);
    return sealedToken(JSON.parse(Buffer.from(plaintext).toString('utf8')), name);
  } catch {
    return undefined;
  }
}

const sources: readonly string[] = [
  'expires_in',
  'expires_on',
  'jwt_exp',
  'default',
  'clamped',
  'configured',
] satisfies LifetimeSource[];

function sealedToken(content: unknown, expected: string): SealedToken | undefined {
  if (typeof content !== 'object' || content === null) return undefined;
  // Any object has string keys; each is looked at before it is used.
  const { name, value, requestedAtMs, lifetimeMs, lifetimeSource } = content as Readonly<Record<string, unknown>>;
  if (name !== expected || typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)) return undefined;
  if (typeof requestedAtMs !== 'number' || typeof lifetimeMs !== 'number' || !(lifetimeMs > 0)) return undefined;
  if (typeof lifetimeSource !== 'string' || !sources.includes(lifetimeSource)) return undefined;
  return { value, requestedAtMs, lifetimeMs, lifetimeSource: lifetimeSource as LifetimeSource }; // it is in the list
}

/**
 * The token for use here. Its age counts by the clock that makes it older, ours or the store's: a token that another
 * machine's clock keeps alive must not be sent after its end.
 * @param leftMs milliseconds until the entry ends by the store's clock; undefined = it cannot say
 */
export function accessToken(sealed: SealedToken, leftMs: number | undefined, nowMs: number): AccessToken {
  const { value, requestedAtMs, lifetimeMs, lifetimeSource } = sealed;
  const byStore = leftMs === undefined ? nowMs : nowMs + leftMs - lifetimeMs;
  return { value, requestedAtMs: Math.min(requestedAtMs, byStore, nowMs), lifetimeMs, lifetimeSource, shared: true };
}
