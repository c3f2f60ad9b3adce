import { nominate, withoutNominated } from './field-lines.ts';

/** What a route does with the header fields of a request. */
export interface RequestHeaderRules {
  /** Our name in Via: `bearerd-XXXX`, random per process, so that two in a row are no loop. */
  readonly viaName: string;
  /** Lower-case names that are dropped: the route's headers.remove, Cookie under cookies: drop. */
  readonly remove: ReadonlySet<string>;
  /** Fields that replace the client's, flat: name, value … (headers.set). */
  readonly set: readonly string[];
  /** A caller's own Authorization goes through instead of ours. */
  readonly keepAuthorization: boolean;
}

/** The fields for the upstream and what was learnt on the walk over the client's. */
export interface RequestHeaders {
  /** End-to-end fields, flat, order and duplicates kept. */
  readonly fields: string[];
  /** The client sent an Authorization field. */
  readonly hasAuthorization: boolean;
  /** How many of them are among the fields: an empty one is no credential, and `Connection: authorization` takes each away. */
  readonly ownAuthorizations: number;
  /** The client's Via names this very process: the request has been here before. */
  readonly loop: boolean;
}

/**
 * Fields that end at this hop (RFC 9110 §7.6.1, and Keep-Alive, Proxy-Connection, TE, Upgrade, and HTTP2-Settings of
 * RFC 7540 §3.2.1 besides), that the connection to the upstream makes itself (Host, Transfer-Encoding), or that are
 * answered here (Expect).
 */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
]);

/** Walks once over the client's field lines. */
export function requestHeaders(rawHeaders: readonly string[], rules: RequestHeaderRules): RequestHeaders {
  const fields: string[] = [];
  let nominated: Set<string> | undefined;
  let via = '';
  let hasAuthorization = false;
  let ownAuthorizations = 0;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const value = rawHeaders[i + 1] ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower)) {
      if (lower === 'connection') nominated = nominate(value, nominated);
    } else if (lower === 'via') {
      via = via === '' ? value : `${via}, ${value}`;
    } else if (lower === 'authorization') {
      hasAuthorization = true;
      if (rules.keepAuthorization && value !== '') {
        fields.push(name, value);
        ownAuthorizations += 1;
      }
    } else if (!rules.remove.has(lower)) {
      fields.push(name, value);
    }
  }
  const kept = withoutNominated(fields, nominated);
  const own = `1.1 ${rules.viaName}`;
  kept.push('Via', via === '' ? own : `${via}, ${own}`);
  for (const part of rules.set) kept.push(part);
  for (const name of nominated ?? []) if (name === 'authorization') ownAuthorizations = 0;
  return { fields: kept, hasAuthorization, ownAuthorizations, loop: via !== '' && namesUs(via, rules.viaName) };
}

function namesUs(via: string, viaName: string): boolean {
  return via.split(',').some((hop) => hop.trim().split(/[ \t]+/)[1] === viaName);
}
