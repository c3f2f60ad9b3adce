import type { Clock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import type { AccessToken } from '../../src/token/access-token.ts';
import type { HeldToken } from '../../src/token/held-token.ts';
import { type TokenProvider, TokenRequestError } from '../../src/token/provider.ts';
import { createTokenCache, type TokenCache } from '../../src/token/token-cache.ts';
import type { TokenEvents } from '../../src/token/token-events.ts';
import { TokenSource } from '../../src/token/token-source.ts';

/** Where the tests' wall clock starts. */
export const startMs = 1_700_000_000_000;

/** Two clocks that move only when told, together or apart. */
export class FakeClock implements Clock {
  wallMs = startMs;
  monoMs = 5_000;
  nowMs = (): number => this.wallMs;
  monotonicMs = (): number => this.monoMs;
  advance(ms: number): void {
    this.wallMs += ms;
    this.monoMs += ms;
  }
}

/** One call of the fake provider, to be settled by the test. */
export interface Call {
  readonly signal: AbortSignal;
  readonly requestedAtMs: number;
  readonly resolve: (token: AccessToken) => void;
  readonly reject: (error: unknown) => void;
}

/** A provider whose promises the test settles. */
export class FakeProvider implements TokenProvider {
  readonly calls: Call[] = [];
  readonly #clock: FakeClock;
  constructor(clock: FakeClock) {
    this.#clock = clock;
  }
  requestToken = (signal: AbortSignal): Promise<AccessToken> =>
    new Promise((resolve, reject) => {
      this.calls.push({ signal, requestedAtMs: this.#clock.wallMs, resolve, reject });
    });
  get last(): Call {
    const call = this.calls.at(-1);
    if (call === undefined) throw new Error('no token request was made');
    return call;
  }
  /** Settles the newest call with a token. */
  give(value: string, lifetimeSeconds: number | undefined): void {
    this.last.resolve({
      value,
      requestedAtMs: this.last.requestedAtMs,
      lifetimeMs: lifetimeSeconds === undefined ? undefined : lifetimeSeconds * 1000,
      lifetimeSource: lifetimeSeconds === undefined ? 'configured' : 'expires_in',
    });
  }
  /** Settles the newest call with a failure. */
  fail(kind: 'transient' | 'permanent', retryAfterMs?: number): void {
    this.last.reject(failure(kind, retryAfterMs));
  }
}

/** Settles the newest call with a token that somebody else may replace, as one in a file. */
export function giveReplaceable(
  { provider, clock }: Pick<Bench, 'provider' | 'clock'>,
  value: string,
  more: Partial<AccessToken> = {},
): void {
  provider.last.resolve({
    value,
    requestedAtMs: clock.wallMs,
    lifetimeMs: undefined,
    lifetimeSource: 'configured',
    recheckAfterMs: 1_000,
    ...more,
  });
}

/** A failure as a provider reports it. */
export function failure(kind: 'transient' | 'permanent', retryAfterMs?: number): TokenRequestError {
  return new TokenRequestError(`The token endpoint failed (${kind})`, {
    kind,
    reason: kind === 'transient' ? 'http_502' : 'invalid_client',
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** A log line that a test can look at. */
export interface Line {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** Everything around one token source under test. */
export interface Bench {
  readonly clock: FakeClock;
  readonly provider: FakeProvider;
  readonly cache: TokenCache;
  readonly source: TokenSource;
  readonly lines: Line[];
  /** `ok`, `transient`, `permanent`, `shared` and `current N` in the order of the events. */
  readonly events: string[];
  /** What random() gives next; 0 = the shortest back-off and the latest refresh. */
  readonly chance: { value: number };
  /** Called with each token that becomes current, before anybody who waits has it. */
  readonly onCurrent: { run: (held: HeldToken) => void };
  /** Makes another source on the same cache and clock. */
  readonly another: (key: string, provider?: TokenProvider) => TokenSource;
}

/** A token source with everything injected. */
export function bench(provider?: TokenProvider): Bench {
  const clock = new FakeClock();
  const fake = new FakeProvider(clock);
  const cache = createTokenCache(3);
  const lines: Line[] = [];
  const events: string[] = [];
  const chance = { value: 0 };
  const onCurrent: Bench['onCurrent'] = { run: () => {} };
  const write = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const log: Log = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const tokenEvents: TokenEvents = {
    requestEnded: (outcome) => void events.push(outcome),
    refreshShared: () => void events.push('shared'),
    becameCurrent: (held) => {
      events.push(`current ${held.generation}`);
      onCurrent.run(held);
    },
  };
  const another = (key: string, other: TokenProvider = fake) =>
    new TokenSource(key, other, cache, { clock, random: () => chance.value, log, events: tokenEvents });
  return { clock, provider: fake, cache, lines, events, chance, onCurrent, another, source: another('key', provider) };
}

/** Lets every promise that can settle do so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A bench whose source holds its first token. */
export async function warm(lifetimeSeconds: number | undefined): Promise<Bench & { readonly first: HeldToken }> {
  const made = bench();
  const got = made.source.get(true);
  made.provider.give('token1', lifetimeSeconds);
  const first = await got;
  made.events.length = 0;
  made.lines.length = 0;
  return { ...made, first };
}

/** The failure that a promise ends in. */
export async function failureOf(promise: HeldToken | Promise<HeldToken>): Promise<TokenRequestError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof TokenRequestError) return error;
    throw error;
  }
  throw new Error('a token came where a failure was expected');
}
