import { BearerdError, type ErrorCode } from '../errors.ts';
import { ProtocolError } from '../net/http1/protocol-error.ts';

const byCode: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: 'BEARERD_UPSTREAM_REFUSED',
  ENOENT: 'BEARERD_UPSTREAM_REFUSED',
  EHOSTUNREACH: 'BEARERD_UPSTREAM_UNREACHABLE',
  ENETUNREACH: 'BEARERD_UPSTREAM_UNREACHABLE',
  EADDRNOTAVAIL: 'BEARERD_UPSTREAM_UNREACHABLE',
  ENOTFOUND: 'BEARERD_UPSTREAM_DNS',
  EAI_AGAIN: 'BEARERD_UPSTREAM_DNS',
  EAI_NODATA: 'BEARERD_UPSTREAM_DNS',
  EAI_FAIL: 'BEARERD_UPSTREAM_DNS',
  ETIMEDOUT: 'BEARERD_UPSTREAM_CONNECT_TIMEOUT',
  UND_ERR_CONNECT_TIMEOUT: 'BEARERD_UPSTREAM_CONNECT_TIMEOUT',
  ERR_TLS_CERT_ALTNAME_INVALID: 'BEARERD_UPSTREAM_CERTIFICATE',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'BEARERD_UPSTREAM_CERTIFICATE',
  EPROTO: 'BEARERD_UPSTREAM_TLS',
};

/** OpenSSL's verification results as Node names them. */
const certificate = /^(CERT_|CRL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_)/;

/** The code of an error or of the first error inside it that has one; Node puts several addresses' errors into one. */
function codeOf(error: unknown): string | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 4; depth += 1) {
    if ('code' in e && typeof e.code === 'string') return e.code;
    e = e instanceof AggregateError ? e.errors[0] : e.cause;
  }
  return undefined;
}

/** A failure on the way to the upstream, in words of the catalog. */
export class UpstreamError extends BearerdError {
  override readonly name: string = 'UpstreamError';
  /** A connection that had served before broke before it answered: the upstream may never have seen the request. */
  readonly staleConnection: boolean;
  /** The upstream has not done anything about the request, and says so (RFC 9113 §8.7), or never got it. */
  readonly unprocessed: boolean;

  constructor(code: ErrorCode, detail: string, cause: Error, reused: boolean, unprocessed: boolean = false) {
    super(code, detail, { cause });
    this.staleConnection = reused && code === 'BEARERD_UPSTREAM_TERMINATED';
    this.unprocessed = unprocessed;
  }
}

/**
 * Says what went wrong on the way to the upstream.
 * @param reused the connection had served another request before
 * @param unprocessed see UpstreamError
 */
export function upstreamError(
  error: Error,
  origin: string,
  reused: boolean,
  unprocessed: boolean = false,
): UpstreamError {
  // our own: a time limit, a client certificate that cannot be read or used, an egress proxy that opens no connection
  if (error instanceof BearerdError) return new UpstreamError(error.code, error.message, error, false);
  return describe(codeFor(error), error, origin, reused, unprocessed);
}

function codeFor(error: Error): ErrorCode {
  if (error instanceof ProtocolError) return 'BEARERD_UPSTREAM_PROTOCOL';
  const code = codeOf(error);
  const known = code === undefined ? undefined : byCode[code];
  if (known !== undefined) return known;
  if (code !== undefined && certificate.test(code)) return 'BEARERD_UPSTREAM_CERTIFICATE';
  if (code?.startsWith('ERR_SSL_') === true) return 'BEARERD_UPSTREAM_TLS';
  // nghttp2's verdict on what the upstream sent; a reset of the stream is none
  if (code === 'ERR_HTTP2_ERROR') return 'BEARERD_UPSTREAM_PROTOCOL';
  return 'BEARERD_UPSTREAM_TERMINATED';
}

function describe(code: ErrorCode, cause: Error, origin: string, reused: boolean, unprocessed: boolean): UpstreamError {
  const words = cause.message.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
  const reason = codeOf(cause);
  const why = reason === undefined || words.includes(reason) ? words : `${words} (${reason})`;
  return new UpstreamError(code, `${origin}: ${why || 'no reason given'}`, cause, reused, unprocessed);
}
