import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { isLoopback } from '../net/loopback.ts';
import type { KeyEvidence, KeyExaminer } from '../token/key-evidence.ts';
import { type IssuerContact, TokenRequestError } from '../token/provider.ts';
import { decodeUnverifiedJwt } from '../token/unverified-jwt.ts';
import { jsonObject } from './token-answer.ts';
import { isAsymmetric, type PublishedKey, verify } from './verify-signature.ts';

/**
 * Milliseconds between two looks at the keys, failed ones too: short, because a refusal may follow from a rotation just now,
 * and because nobody looks while no token is refused.
 */
export const keySetRestMs = 60_000;
/** Milliseconds that an explanation waits for keys that are not there yet. */
export const keySetWaitMs = 1000;
/** Milliseconds for one look at the issuer: discovery and key set. */
const fetchMs = 5000;
/** Keys of a set that are looked at; real ones have two to ten. */
const mostKeys = 100;
/** kids that are remembered. */
const mostKids = 100;

/** Where keys come from. */
export interface KeySetSettings {
  readonly contact: IssuerContact;
  /** `expect.jwks`: wins over what the issuer's metadata says. */
  readonly url: string | undefined;
}

interface Keys {
  readonly url: string;
  readonly keys: readonly PublishedKey[];
  readonly atMs: number;
}

/**
 * The published keys of an issuer (RFC 7517 §5), for explanations only: fetched when a token is to be explained, once a minute
 * at most, but for the first token with a kid that is not among them. Failures are remembered as long.
 */
export class KeySet implements KeyExaminer {
  readonly #settings: KeySetSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  /** kids that were ever published. */
  readonly #seen = new Set<string>();
  /** By kid: when the set was last asked for because of it. */
  readonly #lookedForMs = new Map<string, number>();
  readonly #stop = new AbortController();
  #known: Keys | undefined;
  #failure: { readonly url: string | undefined; readonly why: string; readonly atMs: number } | undefined;
  #fetching: Promise<void> | undefined;
  /** How long somebody has waited in vain for the look under way, in milliseconds. */
  #inVainMs = -1;
  /** The last answer, because one token is refused many times. */
  #last: { readonly token: string; readonly keys: Keys; readonly evidence: KeyEvidence } | undefined;

  constructor(settings: KeySetSettings, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
  }

  /** See KeyExaminer; `waitMs` is 1 s by default. */
  async examine(token: string, waitMs: number = keySetWaitMs): Promise<KeyEvidence> {
    const jwt = decodeUnverifiedJwt(token);
    if (jwt === undefined) return { state: 'not-applicable', why: 'the token is not a JWT' };
    const { alg, kid } = jwt.header;
    if (typeof alg !== 'string' || !isAsymmetric(alg)) {
      return { state: 'not-applicable', why: 'its algorithm is none that published keys are for' };
    }
    const name = typeof kid === 'string' ? kid : '';
    const { iss } = jwt.payload;
    const look = () => this.#fetched(typeof iss === 'string' ? iss : undefined, waitMs);
    if (this.#isStale()) await look();
    const first = await this.#compare(token, alg, name);
    if (first.state === 'verified' || first.state === 'not-applicable' || !this.#mayLookFor(name)) return first;
    await look();
    return await this.#compare(token, alg, name);
  }

  /** Ends a look that is under way. */
  close(): void {
    this.#stop.abort();
  }

  /** The user said whose keys these are; otherwise looking for them is only an attempt, and its failure says nothing. */
  get #isTold(): boolean {
    return this.#settings.url !== undefined || this.#settings.contact.name !== undefined;
  }

  #isStale(): boolean {
    const atMs = this.#known?.atMs ?? this.#failure?.atMs;
    return atMs === undefined || this.#clock.monotonicMs() - atMs >= keySetRestMs;
  }

  /** The set in hand may be older than the key: one look per kid and minute. */
  #mayLookFor(kid: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    if (this.#known === undefined || this.#known.atMs === nowMs) return false;
    const before = this.#lookedForMs.get(kid);
    if (before !== undefined && nowMs - before < keySetRestMs) return false;
    if (this.#lookedForMs.size >= mostKids) this.#lookedForMs.clear();
    this.#lookedForMs.set(kid, nowMs);
    return true;
  }

  async #compare(token: string, alg: string, kid: string): Promise<KeyEvidence> {
    const known = this.#known;
    if (known === undefined) {
      const { url, why } = this.#failure ?? { url: this.#settings.url, why: 'they have not arrived yet' };
      return this.#isTold ? { state: 'unavailable', url, why } : { state: 'not-applicable', why };
    }
    if (this.#last?.token === token && this.#last.keys === known) return this.#last.evidence;
    const evidence = await this.#judge(known, token, alg, kid);
    this.#last = { token, keys: known, evidence };
    return evidence;
  }

  async #judge({ url, keys }: Keys, token: string, alg: string, kid: string): Promise<KeyEvidence> {
    const meant = keys.filter((key) => (kid === '' ? key['use'] !== 'enc' : key['kid'] === kid));
    if (meant.length === 0) {
      return { state: 'unknown-kid', url, published: kidsOf(keys), withdrawn: this.#seen.has(kid) };
    }
    const result = await verify(token, alg, meant);
    if (result === 'unusable') return { state: 'not-applicable', why: `the key at ${url} cannot be used here` };
    return { state: result === 'verified' ? 'verified' : 'bad-signature', url };
  }

  /** Joins or begins a look, and waits for it no longer than `waitMs`; what somebody has waited in vain nobody waits again. */
  async #fetched(iss: string | undefined, waitMs: number): Promise<void> {
    this.#fetching ??= this.#fetch(iss).finally(() => {
      this.#fetching = undefined;
      this.#inVainMs = -1;
    });
    if (waitMs <= this.#inVainMs) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#inVainMs = Math.max(this.#inVainMs, waitMs);
        resolve();
      }, waitMs);
    });
    await Promise.race([this.#fetching, patience]);
    clearTimeout(timer);
  }

  async #fetch(iss: string | undefined): Promise<void> {
    const { contact } = this.#settings;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(fetchMs)]);
    let url = this.#settings.url;
    try {
      url ??= (await contact.metadata(iss, signal))?.jwksUri;
      if (url === undefined) return this.#failed(url, 'nothing says where the keys are (write issuer or expect.jwks)');
      if (!isSafe(url, this.#settings)) return this.#failed(url, 'the jwks_uri of the metadata is not https');
      const { status, text } = await contact.get(url, signal);
      const keys = status === 200 ? keysIn(text) : undefined;
      if (keys === undefined) return this.#failed(url, `GET ${url} answered ${status} without a key set`);
      this.#arrived({ url, keys, atMs: this.#clock.monotonicMs() });
    } catch (error) {
      this.#failed(
        url,
        error instanceof TokenRequestError ? error.message.replace(/\.$/, '') : 'the look at them failed',
      );
    }
  }

  #arrived(keys: Keys): void {
    const now = kidsOf(keys.keys);
    if (this.#seen.size > mostKids) this.#seen.clear();
    for (const kid of now) this.#seen.add(kid);
    this.#known = keys;
    this.#failure = undefined;
    this.#log.debug({ event: 'keys_fetched', url: keys.url, kids: now }, "Read the issuer's keys to explain a refusal");
  }

  #failed(url: string | undefined, why: string): void {
    if (this.#stop.signal.aborted) return;
    this.#known = undefined;
    this.#failure = { url, why, atMs: this.#clock.monotonicMs() };
    const level = this.#isTold ? 'warn' : 'debug';
    this.#log[level]({ event: 'keys_unavailable', url }, `The issuer's keys cannot be had for explanations: ${why}`);
  }
}

function kidsOf(keys: readonly PublishedKey[]): string[] {
  return keys.map((key) => key['kid']).filter((kid) => typeof kid === 'string');
}

/** What the user wrote is meant; what metadata says may be plain http only at home, or where the issuer may be so. */
function isSafe(url: string, { url: configured, contact }: KeySetSettings): boolean {
  if (configured !== undefined) return true;
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:') return true;
  const issuerIsHttp = contact.name?.startsWith('http:') === true;
  return protocol === 'http:' && (issuerIsHttp || isLoopback(hostname));
}

function keysIn(text: string): PublishedKey[] | undefined {
  const keys = jsonObject(text)?.['keys'];
  if (!Array.isArray(keys)) return undefined;
  const list: unknown[] = keys.slice(0, mostKeys);
  return list.filter((key) => typeof key === 'object' && key !== null) as PublishedKey[];
}
