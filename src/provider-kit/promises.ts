import { systemClock } from '../clock.ts';
import type { AccessToken } from '../token/access-token.ts';
import { type TokenProvider, TokenRequestError } from '../token/provider.ts';
import { createTokenCache } from '../token/token-cache.ts';
import { TokenSource } from '../token/token-source.ts';
import type { Witness } from './witness.ts';

type Make = () => TokenProvider;
/** undefined = the promise is kept, otherwise what was seen instead. */
type Check = () => Promise<string | undefined>;

/** Milliseconds that an aborted call may take to end. */
const promptlyMs = 1_000;
/** Milliseconds to wait before the abort, so that the request is under way. */
const underwayMs = 200;
const sources = ['expires_in', 'expires_on', 'jwt_exp', 'default', 'clamped', 'configured'];

const never = (): AbortSignal => new AbortController().signal;

/** One call gives one token. */
export function token(make: Make): Check {
  return async () => {
    const provider = make();
    const beforeMs = Date.now();
    const got = await provider.requestToken(never());
    await provider.close?.();
    return faultOfToken(got, beforeMs);
  };
}

function faultOfToken(got: AccessToken, beforeMs: number): string | undefined {
  if (typeof got !== 'object' || got === null) return 'what it gives is not an object';
  const { value, requestedAtMs, lifetimeMs, lifetimeSource } = got;
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    return 'value is not a text of visible ASCII characters';
  if (!Number.isFinite(requestedAtMs)) return 'requestedAtMs is not a number of milliseconds';
  if (requestedAtMs > Date.now() + 1_000) return 'requestedAtMs is in the future';
  if (requestedAtMs < 1e12) return 'requestedAtMs looks like seconds; it has to be milliseconds since 1970';
  if (lifetimeMs !== undefined) {
    if (!Number.isFinite(lifetimeMs) || lifetimeMs <= 0) return 'lifetimeMs is neither undefined nor a number above 0';
    if (requestedAtMs + lifetimeMs <= beforeMs) return 'the token has ended already';
  }
  return sources.includes(lifetimeSource) ? undefined : `lifetimeSource is not one of ${sources.join(', ')}`;
}

/** A provider has no state that two calls could get in each other's way with. */
export function concurrent(make: Make): Check {
  return async () => {
    const provider = make();
    const beforeMs = Date.now();
    const all = await Promise.all(Array.from({ length: 3 }, () => provider.requestToken(never())));
    await provider.close?.();
    return all.map((got) => faultOfToken(got, beforeMs)).find((fault) => fault !== undefined);
  };
}

/** The provider works under the token source of bearerd: one call for all, and none kept back for the next. */
export function sharedRefresh(make: Make): Check {
  return async () => {
    const provider = make();
    const seen = { calls: 0 };
    const counting: TokenProvider = {
      requestToken: (signal) => {
        seen.calls += 1;
        return provider.requestToken(signal);
      },
    };
    const silent = () => {};
    const log = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };
    const events = { requestEnded: silent, refreshShared: silent, becameCurrent: silent };
    const source = new TokenSource('key', counting, createTokenCache(1), {
      clock: systemClock,
      random: Math.random,
      log,
      events,
    });
    try {
      const held = await Promise.all(Array.from({ length: 20 }, () => source.get(true)));
      if (seen.calls !== 1) return `20 callers led to ${seen.calls} calls`;
      const [first] = held;
      if (first === undefined || held.some((one) => one !== first)) return 'the callers have different tokens';
      source.reject(first);
      await source.get(true);
      return seen.calls > 1 ? undefined : 'a rejected token was not asked for again';
    } finally {
      source.close();
      await provider.close?.();
    }
  };
}

/** Nobody waits any more: the call ends before it has begun. */
export function alreadyAborted(make: Make, witness: Witness): Check {
  return async () => {
    const controller = new AbortController();
    controller.abort();
    return endsInError(make(), controller.signal, witness, promptlyMs);
  };
}

/** The caller gives up while the service is silent. */
export function aborted(make: Make, witness: Witness): Check {
  return async () => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), underwayMs);
    const fault = await endsInError(make(), controller.signal, witness, underwayMs + promptlyMs);
    clearTimeout(timer);
    return fault;
  };
}

/** The service refuses, and the provider says so in a form that decides the back-off. */
export function failure(make: Make, witness: Witness): Check {
  return async () => {
    const provider = make();
    try {
      await provider.requestToken(never());
    } catch (error) {
      witness.hear(error);
      return faultOfError(error);
    } finally {
      await provider.close?.();
    }
    return 'it gave a token although the service refuses';
  };
}

function faultOfError(error: unknown): string | undefined {
  if (!(error instanceof TokenRequestError)) {
    return `it threw ${error instanceof Error ? error.name : typeof error}; throw a TokenRequestError`;
  }
  const { kind, reason } = error.failure;
  if (kind !== 'transient' && kind !== 'permanent') return 'the kind is neither transient nor permanent';
  if (typeof reason !== 'string' || !/^[\w.:/-]{1,64}$/.test(reason)) return 'the reason is not a short code';
  return /[\r\n]/.test(error.message) ? 'the message has more than one line' : undefined;
}

async function endsInError(
  provider: TokenProvider,
  signal: AbortSignal,
  witness: Witness,
  withinMs: number,
): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('the call goes on although its signal is aborted'), withinMs);
  });
  const call = provider.requestToken(signal).then(
    () => 'it gave a token although its signal is aborted',
    (error: unknown) => {
      witness.hear(error);
      return undefined;
    },
  );
  const fault = await Promise.race([call, late]);
  clearTimeout(timer);
  await provider.close?.();
  return fault;
}
