import { BearerdError } from '../errors.ts';

/** What the guard needs to know about one request and about the listener it came in on. */
export interface GuardFacts {
  readonly method: string;
  /** The request target as it stood on the request line. */
  readonly url: string;
  /** Node's `httpVersion`: `1.1`, `1.0`, or what else a client wrote. */
  readonly httpVersion: string;
  /** Node's flat list: name, value, name, value, …; order and duplicates kept. */
  readonly rawHeaders: readonly string[];
  /** What the listener speaks. */
  readonly scheme: 'http' | 'https';
  /** Origins of the listener itself, for example `http://127.0.0.1:8080`; scheme + an allowed Host counts too. */
  readonly ownOrigins: readonly string[];
  /** Host names without port; IPv6 addresses in brackets. Pass the same array each time: the last good Host is kept with it. */
  readonly allowedHosts: readonly string[];
  /** Browser origins that may call, compared exactly. */
  readonly allowedOrigins: readonly string[];
}

/** RFC 3986 §3.2.2 host without percent-encoding, then an optional port; no user part. */
const hostForm = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=-]+)(?::[0-9]{0,5})?$/;
const absoluteForm = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)/;
const forwardedMethods = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const closing = { headers: ['Connection', 'close'] } as const;

/** The last Host that was allowed, per allow-list: nearly every request of a client repeats it, so it is judged once. */
const lastAllowedHost = new WeakMap<readonly string[], string>();

/**
 * Refuses what must never reach a token or an upstream: DNS rebinding, pages of other origins, TRACE, odd targets and
 * odd framing (threats 1–4, 10–12; wire facts 3.2 and 3.4; vectors H01–H28).
 * @returns undefined when the request may pass, otherwise the error to answer with.
 */
export function guard(facts: GuardFacts): BearerdError | undefined {
  const { method, url, httpVersion, rawHeaders } = facts;
  let host: string | undefined;
  let hosts = 0;
  let origin: string | undefined;
  let origins = 0;
  let coding: string | undefined;
  let site: string | undefined;
  // The length is looked at first because lower-casing every name costs more than the whole rest of the walk.
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    switch (name.length) {
      case 4:
        if (name.toLowerCase() === 'host') {
          host = value;
          hosts += 1;
        }
        break;
      case 6:
        if (name.toLowerCase() === 'origin') {
          origin = value;
          origins += 1;
        }
        break;
      case 14:
        if (name.toLowerCase() === 'sec-fetch-site') site = site === undefined ? value : `${site}, ${value}`;
        break;
      case 17:
        if (name.toLowerCase() === 'transfer-encoding') coding = coding === undefined ? value : `${coding}, ${value}`;
        break;
    }
  }
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return malformed(`HTTP/${shown(httpVersion)} is not served here; HTTP/1.1 and HTTP/1.0 are.`);
  }
  if (coding !== undefined) {
    const refusal = judgeTransferEncoding(coding, httpVersion);
    if (refusal !== undefined) return refusal;
  }
  if (method === 'TRACE' || method === 'CONNECT') {
    return new BearerdError('BEARERD_METHOD_NOT_ALLOWED', `${method} is never forwarded.`, {
      headers: ['Allow', forwardedMethods],
    });
  }
  if (hosts > 1) return malformed('The request has more than one Host header field (RFC 9112 §3.2).');
  if (host === undefined || host === '') return malformed('The request has no Host header field, or an empty one.');
  let authority = host;
  if (!url.startsWith('/')) {
    if (!hostForm.test(host)) return malformed(`The Host header field is malformed: ${shown(host)}`);
    if (url === '*') {
      if (method !== 'OPTIONS') return malformed('The target * goes with OPTIONS only (RFC 9112 §3.2.4).');
    } else {
      // RFC 9112 §3.2.2: the authority of an absolute-form target replaces Host.
      const target = absoluteForm.exec(url);
      if (target === null) return malformed('The request target is neither a path nor an http URL.');
      if (target[1]?.toLowerCase() !== facts.scheme) {
        return hostRefused(`The target's scheme ${shown(target[1] ?? '')} is not served here; ${facts.scheme} is.`);
      }
      authority = target[2] ?? '';
    }
  }
  if (url.includes('#')) return malformed('The request target has a fragment (RFC 9112 §3.2 knows none).');
  if (authority !== lastAllowedHost.get(facts.allowedHosts)) {
    const refusal = judgeAuthority(authority, facts.allowedHosts);
    if (refusal !== undefined) return refusal;
    lastAllowedHost.set(facts.allowedHosts, authority);
  }
  if (origins > 1) return malformed('The request has more than one Origin header field (RFC 6454 §7.3).');
  return origin === undefined && site === undefined ? undefined : judgeOrigin(facts, authority, origin, site);
}

/**
 * A Host or authority in the form in which hosts are compared: lower case, no port, no trailing dot, IPv6 shortened.
 * @returns undefined when it is malformed.
 */
export function hostName(authority: string): string | undefined {
  const name = hostForm.exec(authority)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  if (!name.startsWith('[')) return name.endsWith('.') ? name.slice(0, -1) : name;
  // The same address has many spellings (RFC 5952 §1); the URL parser knows the short one.
  return URL.canParse(`http://${name}/`) ? new URL(`http://${name}/`).hostname : undefined;
}

/** RFC 9112 §6.1; Node lets `gzip, chunked` through and un-chunks it, so the upstream would get unlabelled bytes. */
function judgeTransferEncoding(coding: string, httpVersion: string): BearerdError | undefined {
  if (httpVersion === '1.0') {
    return malformed('HTTP/1.0 has no Transfer-Encoding (RFC 9112 §6.1).', closing);
  }
  if (coding.toLowerCase() === 'chunked') return undefined;
  const detail = `Transfer-Encoding is ${shown(coding)}; only chunked is accepted.`;
  return new BearerdError('BEARERD_TRANSFER_CODING_UNSUPPORTED', detail, closing);
}

function judgeAuthority(authority: string, allowedHosts: readonly string[]): BearerdError | undefined {
  const name = hostName(authority);
  if (name === undefined) return malformed(`The Host is malformed: ${shown(authority)}`);
  // Whole names only: a prefix or suffix match is what DNS rebinding needs.
  for (const allowed of allowedHosts) if (hostName(allowed) === name) return undefined;
  return hostRefused(`The Host ${shown(authority)} is not served here.`);
}

function judgeOrigin(
  facts: GuardFacts,
  authority: string,
  origin: string | undefined,
  site: string | undefined,
): BearerdError | undefined {
  if (origin !== undefined) {
    if (facts.allowedOrigins.includes(origin)) return undefined;
    if (!facts.ownOrigins.includes(origin) && !sameOrigin(origin, facts.scheme, authority)) {
      return originRefused(`The Origin ${shown(origin)} is not allowed here.`);
    }
  }
  // Fetch Metadata: `none` is the address bar. `same-site` is any other port of localhost, so it is as foreign as cross-site.
  const verdict = site?.toLowerCase();
  if (verdict === undefined || verdict === 'same-origin' || verdict === 'none') return undefined;
  return originRefused(`A page of another origin sent this request (Sec-Fetch-Site: ${shown(verdict)}).`);
}

/** A browser writes the authority of the address into Host and, for a page from there, into Origin (RFC 6454 §7). */
function sameOrigin(origin: string, scheme: GuardFacts['scheme'], authority: string): boolean {
  const own = `${scheme}://${authority.toLowerCase()}`;
  return origin === own || `${origin}:${scheme === 'https' ? 443 : 80}` === own;
}

function malformed(detail: string, occurrence: { readonly headers?: readonly string[] } = {}): BearerdError {
  return new BearerdError('BEARERD_REQUEST_MALFORMED', detail, occurrence);
}

function hostRefused(detail: string): BearerdError {
  return new BearerdError('BEARERD_HOST_NOT_ALLOWED', detail);
}

function originRefused(detail: string): BearerdError {
  return new BearerdError('BEARERD_ORIGIN_NOT_ALLOWED', detail);
}

/** A client's words for a message: printable ASCII, at most 100 characters. */
function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100).replace(/[^\x20-\x7e]/g, '?'));
}
