import type { Log } from '../log.ts';
import type { TokenRequestError } from './provider.ts';
import { capMs, type TimedToken } from './timed-token.ts';

/** Writes one log line for each event in the life of a credential's tokens; never the token. The log is bound to the credential's name. */
export class TokenJournal {
  readonly #log: Log;
  #quotaTold = false;

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param before the token that this one follows, rejected ones too. */
  obtained(held: TimedToken, before: TimedToken | undefined, durationMs: number): void {
    this.#quotaTold = false;
    const same = before?.token.value === held.token.value;
    const life = held.token.lifetimeMs === undefined ? 'it never expires' : `it lives ${seconds(held.lifetimeMs)}`;
    const next = Number.isFinite(held.aheadAgeMs)
      ? `; the first request after ${seconds(held.aheadAgeMs)} refreshes it`
      : '';
    this.#log.info(
      {
        event: 'token_obtained',
        ...facts(held),
        lifetimeSeconds: held.token.lifetimeMs === undefined ? undefined : held.token.lifetimeMs / 1000,
        lifetimeSource: held.token.lifetimeSource,
        replacesRejected: held.replacesRejected,
        sameAsBefore: same,
        shared: held.token.shared,
        durationMs: Math.round(durationMs),
      },
      held.token.shared
        ? `Took over a token that another process had asked for; ${life}${next}`
        : same
          ? `The identity provider handed over the same token again; ${life}${next}`
          : `New token; ${life}${next}`,
    );
  }

  /**
   * @param usableMs remaining life of the token that is kept; undefined = there is none.
   * @param retryMs milliseconds until the token endpoint is asked again.
   */
  refreshFailed(error: TokenRequestError, usableMs: number | undefined, retryMs: number, durationMs: number): void {
    const fields = {
      event: 'token_refresh_failed',
      kind: error.failure.kind,
      reason: error.failure.reason,
      retryAfterSeconds: retryMs / 1000,
      durationMs: Math.round(durationMs),
    };
    const what = error.message.replace(/\.$/, '');
    const next = `the next request after ${seconds(retryMs)} asks again`;
    if (usableMs === undefined) {
      const until = `until then requests are answered with ${error.entry.status}`;
      this.#log.error(fields, `${what}; no token is left, ${next}, ${until}`);
    } else {
      const left = Number.isFinite(usableMs) ? ` for ${seconds(usableMs)}` : '';
      this.#log.warn(fields, `${what}; keeping the old token${left}, ${next}`);
    }
  }

  /** Told once until the next token. */
  quotaReached(waitMs: number): void {
    if (this.#quotaTold) return;
    this.#quotaTold = true;
    const message = `A new token is due, but maxTokenRequests is used up; the next one can be asked for in ${seconds(waitMs)}`;
    this.#log.warn({ event: 'token_quota_reached', retryAfterSeconds: waitMs / 1000 }, message);
  }

  secretChanged(): void {
    this.#log.info(
      { event: 'secret_changed' },
      'A secret has changed since the failed token request; asking again at once',
    );
  }

  rejected(held: TimedToken, refreshing: boolean): void {
    const next = refreshing ? 'the refresh under way replaces it' : 'the next request asks for a new one';
    this.#log.warn({ event: 'token_rejected', ...facts(held) }, `The upstream rejected the token; ${next}`);
  }

  capped(held: TimedToken, remainingMs: number): void {
    const next =
      remainingMs > 0 ? `for ${seconds(remainingMs)} more` : 'no longer; the next request asks for a new one';
    const message = `The upstream does not accept the token and a new one would not help now; it is used ${next}`;
    this.#log.warn({ event: 'token_capped', ...facts(held), capSeconds: capMs / 1000 }, message);
  }
}

function facts(held: TimedToken): object {
  return { generation: held.generation, tokenSha256: held.sha256Prefix };
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms / 100) / 10} s` : `${Math.round(ms / 1000)} s`;
}
