/** One request as the emulator saw it; no header and no body content, so it may be printed. */
export interface Exchange {
  readonly method: string;
  /** Without the query, which may carry an assertion. */
  readonly path: string;
  /** undefined = the connection was closed without an answer. */
  readonly status: number | undefined;
  /** The code in the answer's body, for example `expiredToken` or `invalid_client`. */
  readonly errorCode: string | undefined;
  readonly bodyBytes: number;
  /** Hexadecimal. */
  readonly bodySha256: string;
}

/** What an emulator has seen since it started; requests to its control endpoints are not counted. */
export interface Stats {
  /** All requests, those to the token endpoint included. */
  readonly requests: number;
  readonly tokenRequests: number;
  readonly inFlight: number;
  readonly maxInFlight: number;
  readonly maxTokenRequestsInFlight: number;
  /** Requests with a token whose own `exp` had passed. */
  readonly expiredTokenRequests: number;
  /** How often each error code was answered. */
  readonly errorCodes: Readonly<Record<string, number>>;
  /** The last 200 finished requests, oldest first. */
  readonly recent: readonly Exchange[];
}

const remembered = 200;

/** Counts the requests of one emulator. */
export class Traffic {
  #requests = 0;
  #tokenRequests = 0;
  #inFlight = 0;
  #maxInFlight = 0;
  #tokenInFlight = 0;
  #maxTokenInFlight = 0;
  #expired = 0;
  readonly #errorCodes = new Map<string, number>();
  #recent: Exchange[] = [];

  /** Counts a request that has arrived; call the result once, with what became of it. */
  begin(token: boolean): (exchange: Exchange) => void {
    this.#requests += 1;
    this.#inFlight += 1;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    if (token) {
      this.#tokenRequests += 1;
      this.#tokenInFlight += 1;
      this.#maxTokenInFlight = Math.max(this.#maxTokenInFlight, this.#tokenInFlight);
    }
    return (exchange) => {
      this.#inFlight -= 1;
      if (token) this.#tokenInFlight -= 1;
      const code = exchange.errorCode;
      if (code !== undefined) this.#errorCodes.set(code, (this.#errorCodes.get(code) ?? 0) + 1);
      this.#recent.push(exchange);
      if (this.#recent.length > remembered) this.#recent = this.#recent.slice(-remembered);
    };
  }

  /** Counts a request that carried a token past its own `exp`. */
  countExpiredToken(): void {
    this.#expired += 1;
  }

  /** A snapshot. */
  stats(): Stats {
    return {
      requests: this.#requests,
      tokenRequests: this.#tokenRequests,
      inFlight: this.#inFlight,
      maxInFlight: this.#maxInFlight,
      maxTokenRequestsInFlight: this.#maxTokenInFlight,
      expiredTokenRequests: this.#expired,
      errorCodes: Object.fromEntries(this.#errorCodes),
      recent: [...this.#recent],
    };
  }
}
