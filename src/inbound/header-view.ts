import type { SeenHeaders } from '../admin/exchanges.ts';
import { foreignLine } from '../challenge/foreign-line.ts';

/** Fields whose values say how messages are to be understood, and never who sent them. */
const shown: ReadonlySet<string> = new Set([
  ...[
    'accept',
    'accept-charset',
    'accept-encoding',
    'accept-language',
    'accept-patch',
    'accept-ranges',
    'age',
    'allow',
  ],
  ...['alt-svc', 'cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-length'],
  ...['content-range', 'content-type', 'date', 'etag', 'expires', 'if-match', 'if-modified-since', 'if-none-match'],
  ...['if-range', 'if-unmodified-since', 'keep-alive', 'last-modified', 'max-forwards', 'pragma', 'prefer', 'priority'],
  ...['proxy-status', 'range', 'retry-after', 'sec-websocket-protocol', 'sec-websocket-version', 'server'],
  ...['server-timing', 'strict-transport-security', 'traceparent', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['user-agent', 'vary', 'via', 'www-authenticate', 'x-content-type-options', 'x-correlation-id', 'x-powered-by'],
  ...['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'x-request-id'],
]);

/** Fields with URLs: queries, fragments and user parts may carry credentials. */
const places: ReadonlySet<string> = new Set(['content-location', 'link', 'location', 'origin', 'referer']);

const mostLines = 100;
const longestValue = 300;

/**
 * The header fields of an exchange as they may be shown: of a field that is not known to be harmless only the name and
 * how long its value was, of URLs neither query nor user part, and never the token.
 * @param request as sent upstream, flat: name, value, name, value …
 * @param response as received, flat; empty = there was none
 * @param generation of the token that was sent; undefined = an Authorization is the caller's own
 */
export function seenHeaders(
  request: readonly string[],
  response: readonly string[],
  generation: number | undefined,
): SeenHeaders {
  const token = sentCredentials(request);
  return { request: view(request, token, generation), response: view(response, token, generation) };
}

function view(flat: readonly string[], token: string, generation: number | undefined): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [];
  for (let i = 0; i + 1 < flat.length && lines.length < mostLines; i += 2) {
    const name = (flat[i] ?? '').slice(0, 100);
    const value = flat[i + 1] ?? '';
    const lower = name.toLowerCase();
    lines.push([name, lower === 'authorization' ? credentials(generation) : harmless(lower, value, token)]);
  }
  return lines;
}

/** What stands behind the scheme in the only Authorization that went upstream, because the answer may repeat it. */
function sentCredentials(flat: readonly string[]): string {
  for (let i = 0; i + 1 < flat.length; i += 2) {
    if (flat[i]?.toLowerCase() === 'authorization') return flat[i + 1]?.replace(/^\S+ +/, '') ?? '';
  }
  return '';
}

function credentials(generation: number | undefined): string {
  return generation === undefined ? "‹the caller's own, not kept›" : `Bearer ‹token ${generation}, not kept›`;
}

function harmless(lower: string, value: string, token: string): string {
  if (shown.has(lower)) return foreignLine(value, token, longestValue);
  if (places.has(lower)) return foreignLine(withoutSecrets(value), token, longestValue);
  return `‹${value.length} character${value.length === 1 ? '' : 's'}, not kept›`;
}

/** For Link too, whose value is a list of URLs in angle brackets. */
function withoutSecrets(urls: string): string {
  return urls.replace(/\/\/[^/?#@\s<>]*@/g, '//').replace(/[?#][^>\s]*/g, '?…');
}
