/** What the catalog fixes for every occurrence of an error. */
export interface CatalogEntry {
  /** HTTP status of the answer when the error ends a request. */
  readonly status: number;
  /** One short line, the same at every occurrence (RFC 9457 `title`). */
  readonly title: string;
  /** What the operator or caller should do next. */
  readonly action: string;
  /** `error` parameter of Proxy-Status (RFC 9209 §2.3). */
  readonly proxyStatus: string;
  /** Whether the same request may succeed if sent again. */
  readonly retryable: boolean;
}

const denied = 'http_request_denied';
const malformed = 'http_request_error';
const internal = 'proxy_internal_error';
const configuration = 'proxy_configuration_error';

/** Every error bearerd makes itself: stable codes, documented one by one in docs/errors.md. */
export const catalog = {
  BEARERD_HOST_NOT_ALLOWED: {
    status: 421,
    title: 'This Host is not served here',
    action: 'Call bearerd by a name listed in guard.allowedHosts, or add the name to that list.',
    proxyStatus: denied,
    retryable: false,
  },
  BEARERD_ORIGIN_NOT_ALLOWED: {
    status: 403,
    title: 'A web page of another origin may not use this proxy',
    action: 'If the page is yours, add its origin to guard.allowedOrigins.',
    proxyStatus: denied,
    retryable: false,
  },
  BEARERD_LOCAL_KEY: {
    status: 403,
    title: 'The request does not carry the local key',
    action: 'Send the key of guard.localKey in the header field that guard.localKeyHeader names.',
    proxyStatus: denied,
    retryable: false,
  },
  BEARERD_NOT_ALLOWED: {
    status: 403,
    title: 'The route does not allow this request',
    action: 'Ask for what the route allows, or change its allow or readOnly.',
    proxyStatus: denied,
    retryable: false,
  },
  BEARERD_AUTHORIZATION_NOT_ALLOWED: {
    status: 403,
    title: 'The request brings its own Authorization header',
    action: "Remove the header, or set the route's authorization to replace or keep.",
    proxyStatus: denied,
    retryable: false,
  },
  BEARERD_SUBJECT_TOKEN: {
    status: 403,
    title: 'The request does not say for whom the token is',
    action: 'Send the subject token in the header that the credential names.',
    proxyStatus: denied,
    retryable: false,
  },
  BEARERD_METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'This method is never forwarded',
    action: 'Use another method; TRACE would reflect the credential and CONNECT would leave the configured upstream.',
    proxyStatus: malformed,
    retryable: false,
  },
  BEARERD_REQUEST_MALFORMED: {
    status: 400,
    title: 'The request is malformed',
    action: 'Correct the request; the detail names the part that is wrong.',
    proxyStatus: malformed,
    retryable: false,
  },
  BEARERD_REQUEST_TIMEOUT: {
    status: 408,
    title: 'The request head did not arrive in time',
    action: 'Send the request faster, or raise limits.headersTimeout.',
    proxyStatus: malformed,
    retryable: true,
  },
  BEARERD_HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The request header section is too large',
    action: 'Send fewer or shorter header fields, or raise limits.headersSize or limits.headersCount.',
    proxyStatus: malformed,
    retryable: false,
  },
  BEARERD_TRANSFER_CODING_UNSUPPORTED: {
    status: 501,
    title: 'Transfer codings other than chunked are not supported',
    action: 'Send the body with Content-Length or Transfer-Encoding: chunked.',
    proxyStatus: malformed,
    retryable: false,
  },
  BEARERD_CONTENT_TYPE: {
    status: 415,
    title: 'The call needs Content-Type: application/json',
    action: 'Send it with Content-Type: application/json, which no web page can send to a foreign origin unasked.',
    proxyStatus: 'http_request_error',
    retryable: false,
  },
  BEARERD_NO_ROUTE: {
    status: 404,
    title: 'No route serves this path',
    action: 'Compare the path with the path of each route in the configuration.',
    proxyStatus: 'destination_not_found',
    retryable: false,
  },
  BEARERD_DRAINING: {
    status: 503,
    title: 'bearerd is stopping',
    action: 'Send the request again once bearerd runs again.',
    proxyStatus: internal,
    retryable: true,
  },
  BEARERD_TOO_MANY_CONNECTIONS: {
    status: 503,
    title: 'Too many clients are connected',
    action: 'Send the request again in a moment, or raise limits.connections.',
    proxyStatus: 'connection_limit_reached',
    retryable: true,
  },
  BEARERD_UPSTREAM_BUSY: {
    status: 503,
    title: 'Too many requests are waiting for the upstream',
    action: 'Send the request again in a moment; the upstream answers more slowly than requests arrive.',
    proxyStatus: 'connection_limit_reached',
    retryable: true,
  },
  BEARERD_LOOP: {
    status: 502,
    title: 'The proxy would call itself',
    action: "Point the route's upstream at the API, not at bearerd.",
    proxyStatus: 'proxy_loop_detected',
    retryable: false,
  },
  BEARERD_UPSTREAM_REFUSED: {
    status: 502,
    title: 'The upstream refuses connections',
    action: "Check that the upstream runs and that the route's upstream names the right host and port.",
    proxyStatus: 'connection_refused',
    retryable: true,
  },
  BEARERD_UPSTREAM_UNREACHABLE: {
    status: 502,
    title: 'There is no network path to the upstream',
    action: "Check the network and the address in the route's upstream.",
    proxyStatus: 'destination_ip_unroutable',
    retryable: true,
  },
  BEARERD_UPSTREAM_TERMINATED: {
    status: 502,
    title: 'The upstream closed the connection before it answered',
    action: 'Send the request again if that is safe; if it happens often, look into the logs of the upstream.',
    proxyStatus: 'connection_terminated',
    retryable: true,
  },
  BEARERD_UPSTREAM_DNS: {
    status: 502,
    title: "The upstream's host name cannot be resolved",
    action: "Check the host name in the route's upstream and the name server of this machine.",
    proxyStatus: 'dns_error',
    retryable: true,
  },
  BEARERD_UPSTREAM_CERTIFICATE: {
    status: 502,
    title: "The upstream's certificate is not trusted",
    action: "Put the issuing CA into the route's tls.ca, or correct the host name in upstream.",
    proxyStatus: 'tls_certificate_error',
    retryable: false,
  },
  BEARERD_UPSTREAM_TLS: {
    status: 502,
    title: 'The TLS handshake with the upstream failed',
    action: 'Check that the upstream speaks TLS on this port and which versions it offers.',
    proxyStatus: 'tls_protocol_error',
    retryable: false,
  },
  BEARERD_UPSTREAM_PROTOCOL: {
    status: 502,
    title: 'The upstream sent something that is not HTTP',
    action: 'Check that the upstream speaks HTTP on this port.',
    proxyStatus: 'http_protocol_error',
    retryable: false,
  },
  BEARERD_UPSTREAM_CONNECT_TIMEOUT: {
    status: 504,
    title: 'The upstream could not be reached in time',
    action: "Check the network, or raise the route's timeouts.connect.",
    proxyStatus: 'connection_timeout',
    retryable: true,
  },
  BEARERD_UPSTREAM_RESPONSE_TIMEOUT: {
    status: 504,
    title: 'The upstream did not answer in time',
    action: "Raise the route's timeouts.headers if the API needs longer.",
    proxyStatus: 'http_response_timeout',
    retryable: true,
  },
  BEARERD_EGRESS_PROXY_REFUSED: {
    status: 502,
    title: 'The egress proxy does not open the connection',
    action:
      'Check user name, password and address in egressProxy (or HTTPS_PROXY), and that the proxy allows this host and port.',
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_EGRESS_PROXY_UNREACHABLE: {
    status: 502,
    title: 'The egress proxy, or the server behind it, cannot be reached',
    action: 'Check that the proxy of egressProxy (or HTTPS_PROXY) runs and can reach the server; none does without it.',
    proxyStatus: 'destination_unavailable',
    retryable: true,
  },
  BEARERD_EGRESS_PROXY_TIMEOUT: {
    status: 504,
    title: 'The egress proxy did not open the connection in time',
    action: 'Check the proxy of egressProxy (or HTTPS_PROXY), or raise timeouts.connect (of a credential: timeout).',
    proxyStatus: 'connection_timeout',
    retryable: true,
  },
  BEARERD_TOKEN_UNAVAILABLE: {
    status: 503,
    title: 'No access token can be had at the moment',
    action: 'Send the request again later; the detail says what the token endpoint answered.',
    proxyStatus: internal,
    retryable: true,
  },
  BEARERD_TOKEN_REFUSED: {
    status: 502,
    title: 'The token endpoint refuses to issue an access token',
    action: "Correct the credential's configuration; the detail says what the token endpoint answered.",
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_TOKEN_EXPIRED: {
    status: 502,
    title: 'The API says that every token is expired',
    action: 'Compare the clocks of the identity provider, the API and this machine, and the token lifetime.',
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_TOKEN_INVALID: {
    status: 502,
    title: 'The API does not accept the access token',
    action: "Compare the token's issuer, audience, typ, algorithm and key with what the API is configured to accept.",
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_TOKEN_MALFORMED: {
    status: 502,
    title: 'The API cannot read the access token as a JWT',
    action: 'Have the identity provider issue JWT access tokens for this client.',
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_TOKEN_UNPROCESSABLE: {
    status: 502,
    title: 'The API could not process the access token',
    action: "Check the API's JWKS URL and that a user with the token's principal exists.",
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_BODY_NOT_REPLAYABLE: {
    status: 503,
    title: 'The token was refreshed but the request cannot be repeated',
    action:
      'Send the request again; the next one uses the new token. Bodies up to replay.maxBody are repeated for you.',
    proxyStatus: internal,
    retryable: true,
  },
  BEARERD_CONFIGURATION: {
    status: 500,
    title: 'The configuration has mistakes',
    action: 'Correct each line that is named; bearerd check shows them all.',
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_SECRET_UNREADABLE: {
    status: 502,
    title: 'A secret cannot be read',
    action: 'Check that the file, variable or command that the detail names exists, is readable and is not empty.',
    proxyStatus: configuration,
    retryable: false,
  },
  BEARERD_LISTEN: {
    status: 500,
    title: 'A listener could not be opened',
    action: 'Choose another address or port, or stop the program that uses it.',
    proxyStatus: internal,
    retryable: false,
  },
  BEARERD_AUDIT: {
    status: 500,
    title: 'The audit log cannot be opened',
    action: 'Check that the folder exists and that bearerd may write there.',
    proxyStatus: internal,
    retryable: false,
  },
  BEARERD_INTERNAL: {
    status: 500,
    title: 'bearerd made a mistake',
    action: 'Please report it with the log line of this requestId.',
    proxyStatus: internal,
    retryable: true,
  },
} as const satisfies Record<string, CatalogEntry>;

/** A stable error code; see docs/errors.md. */
export type ErrorCode = keyof typeof catalog;

/** Facts of one occurrence of an error, on top of its catalog entry. */
export interface Occurrence {
  readonly cause?: unknown;
  /** Replaces the catalog's next step where something more exact is known. */
  readonly action?: string;
  /** Whole seconds for Retry-After. */
  readonly retryAfterSeconds?: number;
  /** Status that the upstream sent, for `received-status` of Proxy-Status. */
  readonly upstreamStatus?: number;
  /** The upstream's own error code, for example `invalidToken`. */
  readonly upstreamErrorCode?: string;
  /** Our unverified view of the token: header and claims, never the token. */
  readonly token?: object;
  /** What of the token contradicts what the API expects, the likeliest cause first. */
  readonly findings?: readonly object[];
  /** The key of the configuration that refuses the request: `allow`, `readOnly`. */
  readonly rule?: string;
  /** Header fields that the answer must have besides the usual ones (flat list). */
  readonly headers?: readonly string[];
}

/** An error of the catalog; its message is the `detail` of the answer: one line, no secrets. */
export class BearerdError extends Error {
  override readonly name: string = 'BearerdError';
  readonly code: ErrorCode;
  readonly occurrence: Occurrence;

  constructor(code: ErrorCode, detail: string, occurrence: Occurrence = {}) {
    super(detail, occurrence.cause === undefined ? undefined : { cause: occurrence.cause });
    this.code = code;
    this.occurrence = occurrence;
  }

  /** The catalog's facts about this code. */
  get entry(): CatalogEntry {
    return catalog[this.code];
  }
}
