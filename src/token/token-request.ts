import type { Clock } from '../clock.ts';
import type { AccessToken } from './access-token.ts';
import { elapsedMs, type Moment, momentOf } from './expiry.ts';
import { type TokenProvider, TokenRequestError } from './provider.ts';
import type { SharedTokens, TokenWish } from './shared-tokens.ts';
import { TimedToken, type TimedTokenFacts } from './timed-token.ts';

/** One call of a provider under way. */
export interface TokenRequest {
  /** The moment before the provider was called, which may be later than the wish for a token: others are waited for. Before that, the moment of the wish. */
  readonly asked: Moment;
  /** A checked token; rejects only with a TokenRequestError. */
  readonly token: Promise<AccessToken>;
  /** Ends the wait at once, also when the provider does not heed its signal. */
  readonly abort: () => void;
}

/** A token request whose result everybody shares. */
export interface Refresh {
  readonly request: TokenRequest;
  /** Never rejects, so that a refresh in the background cannot end the process: the error when it failed. */
  readonly outcome: Promise<TokenRequestError | undefined>;
}

/** Why a token source asks for no more tokens: bearerd ends, or a reload has put another credential in its place. */
export type Closing = 'stopping' | 'replaced';

/** Error of a token source that has been closed. */
export function closedError(why: Closing): TokenRequestError {
  const words = {
    stopping: { because: 'bearerd is stopping' },
    replaced: {
      because: 'a reload has replaced this credential since the request began',
      action: 'Send the request again: the new configuration holds for it.',
    },
  }[why];
  const { because, ...more } = words;
  return new TokenRequestError(`No access token is requested any more because ${because}`, {
    kind: 'transient',
    reason: 'closed',
    ...more,
  });
}

/** Where else a token may come from, and what is wanted. */
export interface Sharing {
  readonly tokens: SharedTokens;
  readonly wish: TokenWish;
}

/**
 * Calls the provider once, unless other processes have a token that will do; whatever it throws or hands over, the
 * outcome is a checked token or a TokenRequestError.
 */
export function startTokenRequest(provider: TokenProvider, clock: Clock, sharing?: Sharing): TokenRequest {
  const controller = new AbortController();
  let asked = momentOf(clock);
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () => reject(closedError('stopping')), { once: true });
  });
  const { signal } = controller;
  const ask = async (): Promise<AccessToken> => {
    asked = momentOf(clock);
    return checked(await provider.requestToken(signal));
  };
  const obtain = async ({ tokens, wish }: Sharing): Promise<AccessToken> => {
    const token = await tokens.obtain(ask, wish, signal);
    if (token.shared) asked = momentOf(clock);
    return token;
  };
  const token = Promise.race([aborted, sharing === undefined ? ask() : obtain(sharing)]).catch((error: unknown) => {
    throw asTokenRequestError(error);
  });
  return {
    get asked() {
      return asked;
    },
    token,
    abort: () => controller.abort(),
  };
}

/** Refuses what a faulty provider may hand over; a token with CR or LF would fail every request until it expires (T65–T68). */
function checked(token: AccessToken): AccessToken {
  const { value, requestedAtMs, lifetimeMs } = token;
  const fault =
    typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value)
      ? 'The token provider handed over something that is not a token of visible ASCII characters'
      : !Number.isFinite(requestedAtMs) || (lifetimeMs !== undefined && !Number.isFinite(lifetimeMs))
        ? 'The token provider handed over a token whose times are not numbers'
        : undefined;
  if (fault !== undefined) throw new TokenRequestError(fault, { kind: 'permanent', reason: 'invalid_token_response' });
  return token;
}

/** Makes the held token; throws a transient TokenRequestError when it has ended already (a slow answer, or a clock that jumped on the way). */
export function heldFrom(facts: TimedTokenFacts): TimedToken {
  const held = new TimedToken(facts);
  if (held.usable(facts.obtained)) return held;
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
  throw new TokenRequestError(
    `The access token had already expired when it arrived: it lives ${seconds(held.lifetimeMs)}, was requested ${seconds(held.ageMs(facts.obtained))} ago, ` +
      `and the answer took ${seconds(elapsedMs(facts.asked, facts.obtained))}`,
    {
      kind: 'transient',
      reason: 'expired_token',
      action: 'Check that the token endpoint answers fast enough for its token lifetime, and compare the clocks.',
    },
  );
}

/**
 * Wraps what is not a TokenRequestError as a transient failure and keeps it as cause. Its own words are quoted only
 * when they come from a system call, because others may quote a secret or a token.
 */
export function asTokenRequestError(error: unknown): TokenRequestError {
  if (error instanceof TokenRequestError) return error;
  let quoted: string = typeof error;
  if (error instanceof Error) {
    const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
    quoted = 'syscall' in error ? error.message.replace(/\s+/g, ' ').slice(0, 200) : `${error.name}${code}`;
  }
  return new TokenRequestError(`The token provider failed: ${quoted}`, {
    kind: 'transient',
    reason: 'provider_failed',
    cause: error,
  });
}

/** The same failure for a caller who is told how many milliseconds are left until the token endpoint is asked again. */
export function askAgainAfter(error: TokenRequestError, leftMs: number): TokenRequestError {
  return new TokenRequestError(error.message, { ...error.failure, retryAfterMs: leftMs });
}
