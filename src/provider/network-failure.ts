import { BearerdError } from '../errors.ts';
import { TokenRequestError } from '../token/provider.ts';

const lost = 'closed the connection before its answer was complete';
const unresolved = 'could not be reached: its host name cannot be resolved';
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ENOTFOUND: unresolved,
  EAI_AGAIN: unresolved,
  ECONNRESET: lost,
  EPIPE: lost,
  EHOSTUNREACH: 'could not be reached: there is no network path to it',
  ENETUNREACH: 'could not be reached: there is no network path to it',
  HPE_HEADER_OVERFLOW: 'answered with a header section that is too large',
};

/** What was asked of whom, for messages. */
export interface Asked {
  readonly method: 'GET' | 'POST';
  /** Origin and path, never the query. */
  readonly url: string;
  /** The option of the credential that names the place. */
  readonly option: 'tokenEndpoint' | 'issuer' | 'expect.jwks';
}

/** A token request whose time was up before the answer was complete; seconds as configured. */
export function timedOut(asked: Asked, timeoutMs: number, cause: unknown): TokenRequestError {
  return new TokenRequestError(`${asked.method} ${asked.url} was not answered within ${timeoutMs / 1000} s.`, {
    kind: 'transient',
    reason: 'timeout',
    action: "Check the network path to the token endpoint, or raise the credential's timeout.",
    cause,
  });
}

/** A token request that its caller gave up, for example because bearerd stops. */
export function abandoned(asked: Asked, cause: unknown): TokenRequestError {
  return new TokenRequestError(`${asked.method} ${asked.url} was abandoned.`, {
    kind: 'transient',
    reason: 'aborted',
    cause,
  });
}

/**
 * A token request that ended without a whole answer: always transient (wire facts 4.3).
 * @param timeoutMs is named when the connection's own limits were reached first.
 */
export function networkFailure(asked: Asked, timeoutMs: number, cause: unknown): TokenRequestError {
  if (cause instanceof BearerdError) return foreseen(asked, cause);
  const code = errorCode(cause);
  if (code === 'ETIMEDOUT') return timedOut(asked, timeoutMs, cause);
  const action = cure(code, asked);
  return new TokenRequestError(`${asked.method} ${asked.url} ${describe(code)}.`, {
    kind: 'transient',
    reason: 'unreachable',
    cause,
    ...(action === undefined ? {} : { action }),
  });
}

/** What our own connections said: an egress proxy that opens no tunnel. */
function foreseen({ method, url }: Asked, cause: BearerdError): TokenRequestError {
  const { entry, occurrence, code, message } = cause;
  return new TokenRequestError(`${method} ${url} could not be sent. ${message}`, {
    kind: entry.retryable ? 'transient' : 'permanent',
    reason: code.replace('BEARERD_', '').toLowerCase(),
    action: occurrence.action ?? entry.action,
    cause,
  });
}

/** What stopped a request on its way, in one word: the failure with the reason `unreachable`, more exactly. */
export function networkTrouble(cause: unknown): NetworkTrouble {
  const code = errorCode(cause);
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'route';
  if (words[code] === unresolved) return 'name';
  if (isCertificate(code)) return 'certificate';
  if (isTls(code)) return 'tls';
  return 'lost';
}

/** name = the host cannot be resolved; route = no way there; lost = the connection ended too early, or was no HTTP. */
export type NetworkTrouble = 'name' | 'route' | 'refused' | 'certificate' | 'tls' | 'lost';

function describe(code: string): string {
  const known = words[code];
  if (known !== undefined) return known;
  if (isCertificate(code)) return `has a certificate that is not trusted (${code})`;
  if (isTls(code)) return `failed in the TLS handshake (${code})`;
  if (code.startsWith('HPE_')) return 'answered with something that is not HTTP';
  return `failed${code === '' ? '' : ` (${code})`}`;
}

function cure(code: string, { url, option }: Asked): string | undefined {
  if (isCertificate(code)) return `Put the issuing CA into the credential's tls.ca, or correct the host in ${option}.`;
  if (isTls(code) || code.startsWith('HPE_')) {
    return `Check that the token endpoint speaks ${url.startsWith('https:') ? 'TLS' : 'plain HTTP'} on this port.`;
  }
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') {
    return `Check host and port in the credential's ${option}, and that the identity provider runs.`;
  }
  return undefined;
}

function isCertificate(code: string): boolean {
  return /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/.test(code);
}

function isTls(code: string): boolean {
  return code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code === 'EPROTO';
}

/** The system's or the parser's code; happy eyeballs' aggregate of several attempts has the code of the first. */
function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
