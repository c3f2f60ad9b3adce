import type { BearerdError } from '../errors.ts';

/** What an answer needs to know about the request that it ends. */
export interface ProblemContext {
  readonly requestId: string;
  readonly method: string;
  /** The request target; its query is left out of the answer. */
  readonly instance: string;
}

/** An answer that bearerd makes itself, ready for `writeHead`. */
export interface Problem {
  readonly status: number;
  /** Flat list: name, value, …; the same list may not be used twice. */
  readonly headers: string[];
  /** Empty for HEAD; Content-Length then still tells the size that GET would have had (RFC 9110 §9.3.2). */
  readonly body: string;
}

/**
 * Turns an error of the catalog into its answer: problem details (RFC 9457), Proxy-Status (RFC 9209), Retry-After where
 * it helps. `type` is `urn:bearerd:error:` + code, because it must not depend on a host that nobody owns.
 */
export function problemOf(error: BearerdError, context: ProblemContext): Problem {
  const { entry, occurrence } = error;
  const json = JSON.stringify({
    type: `urn:bearerd:error:${error.code}`,
    title: entry.title,
    status: entry.status,
    detail: error.message,
    instance: instanceOf(context.instance),
    code: error.code,
    action: occurrence.action ?? entry.action,
    requestId: context.requestId,
    retryable: entry.retryable,
    rule: occurrence.rule,
    upstreamStatus: occurrence.upstreamStatus,
    upstreamErrorCode: occurrence.upstreamErrorCode,
    token: occurrence.token,
    findings: occurrence.findings,
  });
  const headers = [
    ...['Content-Type', 'application/problem+json'],
    ...['Content-Length', String(Buffer.byteLength(json))],
    ...['Cache-Control', 'no-store'],
    ...['X-Content-Type-Options', 'nosniff'],
    // a browser that opens one shows text: nothing in it runs, and nobody frames it (threat 5)
    ...['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
    ...['Proxy-Status', proxyStatusOf(error)],
  ];
  // Every 503 is worth another try soon; where nothing better is known, in a second (RFC 9110 §10.2.3).
  const retryAfter = occurrence.retryAfterSeconds ?? (entry.status === 503 ? 1 : undefined);
  if (retryAfter !== undefined) headers.push('Retry-After', String(Math.max(0, Math.ceil(retryAfter))));
  if (occurrence.headers !== undefined) headers.push(...occurrence.headers);
  return { status: entry.status, headers, body: context.method === 'HEAD' ? '' : json };
}

/**
 * The Proxy-Status member of an answer that bearerd makes (RFC 9209 §2). The details are the code and its title, never
 * the detail: that may name hosts (RFC 9209 §4).
 */
export function proxyStatusOf(error: BearerdError): string {
  const { entry, occurrence } = error;
  const received = occurrence.upstreamStatus === undefined ? '' : `; received-status=${occurrence.upstreamStatus}`;
  const code = occurrence.upstreamErrorCode === undefined ? '' : ` (${occurrence.upstreamErrorCode})`;
  return `bearerd; error=${entry.proxyStatus}${received}; details=${quoted(`${error.code}: ${entry.title}${code}`)}`;
}

/** A structured-field string: printable ASCII only, backslash and quote escaped (RFC 8941 §3.3.3). */
function quoted(text: string): string {
  return `"${text
    .slice(0, 200)
    .replace(/[^\x20-\x7e]/g, '?')
    .replace(/["\\]/g, '\\$&')}"`;
}

/** The target as a URI reference without query and user part: both may hold secrets. */
function instanceOf(target: string): string {
  const path = target.replace(/[?#].*$/s, '').replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*/, '');
  return path
    .slice(0, 1000)
    .replace(/[^\w\-.~:/@!$&'()*+,;=%]/g, (byte) => `%${Buffer.from(byte, 'latin1').toString('hex').toUpperCase()}`);
}
