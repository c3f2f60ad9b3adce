import { anatomyOf, type TokenAnatomy } from '../challenge/token-anatomy.ts';
import type { HeldToken } from '../token/held-token.ts';

/** The claims of a token that matter to people, without what depends on the moment of looking. */
export type Claims = Omit<TokenAnatomy, 'issuedSecondsAgo' | 'expiresInSeconds'>;

/** A token request that ended. */
export interface TokenEvent {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly credential: string;
  readonly outcome: 'obtained' | 'transient' | 'permanent';
  /** Of the token that was obtained. */
  readonly generation: number | undefined;
  /** undefined = none was obtained, or each caller has a token of its own, which is nobody else's business. */
  readonly claims: Claims | undefined;
}

const mostEvents = 200;

/** The last token requests and what was in the tokens: refreshes for the chart, claims for an exchange. */
export class TokenHistory {
  #events: TokenEvent[] = [];
  #end = 0;

  /** @param own the token is the credential's, not one caller's */
  obtained(credential: string, { generation, token }: HeldToken, own: boolean, nowMs: number): void {
    this.#add({
      atMs: nowMs,
      credential,
      outcome: 'obtained',
      generation,
      claims: own ? claimsOf(token.value, nowMs) : undefined,
    });
  }

  failed(credential: string, outcome: 'transient' | 'permanent', nowMs: number): void {
    this.#add({ atMs: nowMs, credential, outcome, generation: undefined, claims: undefined });
  }

  /** What follows the last one: the place to read on from. */
  get end(): number {
    return this.#end;
  }

  /** Those from a place on that are still there, the oldest first. */
  from(place: number): readonly TokenEvent[] {
    const first = this.#end - this.#events.length;
    return this.#events.slice(Math.max(0, place - first));
  }

  /** What was in a token; undefined when it is not remembered. */
  claims(credential: string, generation: number): Claims | undefined {
    return this.#events.findLast((event) => event.credential === credential && event.generation === generation)?.claims;
  }

  #add(event: TokenEvent): void {
    this.#events.push(event);
    this.#end += 1;
    if (this.#events.length > mostEvents) this.#events = this.#events.slice(-mostEvents / 2);
  }
}

function claimsOf(token: string, nowMs: number): Claims {
  const { issuedSecondsAgo: _ago, expiresInSeconds: _in, ...claims } = anatomyOf(token, nowMs);
  return claims;
}
