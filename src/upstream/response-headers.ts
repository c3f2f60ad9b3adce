import { nominate, withoutNominated } from './field-lines.ts';

/** What a route does with the header fields of a response. */
export interface ResponseHeaderRules {
  /** rewrite: Domain removed, Path mapped, Secure dropped on a plain listener; drop: no cookie comes back. */
  readonly cookies: 'rewrite' | 'keep' | 'drop';
  /** The upstream's scheme, host and port. */
  readonly upstreamOrigin: string;
  /** Path of the upstream without a trailing slash; empty = none. */
  readonly upstreamBase: string;
  /** Prefix of the route without a trailing slash; empty = the route serves everything. */
  readonly prefix: string;
  /** CORS fields of an answer to an allowed foreign origin, flat, in place of the upstream's. */
  readonly cors: readonly string[];
}

/** Fields that end at this hop. `Date` and everything else of the upstream stays as it is. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that name a place and point to the local one where they name the upstream's own origin. */
const places: ReadonlySet<string> = new Set(['location', 'content-location', 'link']);

/**
 * Walks once over the upstream's field lines.
 * @param localOrigin how the client addressed us, for example http://127.0.0.1:8080
 * @param chunked the answer can carry trailers, so that Trailer means something
 * @returns fields for the client, flat, order and duplicates kept
 */
export function responseHeaders(
  rawHeaders: readonly string[],
  rules: ResponseHeaderRules,
  localOrigin: string,
  chunked: boolean,
): string[] {
  const fields: string[] = [];
  let nominated: Set<string> | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower)) {
      if (lower === 'connection') nominated = nominate(rawHeaders[i + 1] ?? '', nominated);
      continue;
    }
    if (lower === 'trailer' && !chunked) continue;
    if (lower.startsWith('access-control-')) continue;
    const value = rawHeaders[i + 1] ?? '';
    if (lower === 'set-cookie') {
      if (rules.cookies !== 'drop') {
        fields.push(name, rules.cookies === 'keep' ? value : localCookie(value, rules, localOrigin));
      }
    } else if (places.has(lower)) {
      fields.push(
        name,
        lower === 'link' ? localLinks(value, rules, localOrigin) : localPlace(value, rules, localOrigin),
      );
    } else {
      fields.push(name, value);
    }
  }
  for (const part of rules.cors) fields.push(part);
  return withoutNominated(fields, nominated);
}

/** Trailer fields as strings, flat, without those that frame or route the message (RFC 9110 §6.5.1). */
export function trailerFields(rawTrailers: readonly string[]): [string, string][] {
  const fields: [string, string][] = [];
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) {
    const name = rawTrailers[i] ?? '';
    const lower = name.toLowerCase();
    if (hopByHop.has(lower) || lower === 'content-length' || lower === 'set-cookie') continue;
    fields.push([name, rawTrailers[i + 1] ?? '']);
  }
  return fields;
}

/** The local address of a place at the upstream's own origin and below its base path; others are left alone. */
function localPlace(value: string, rules: ResponseHeaderRules, localOrigin: string): string {
  const absolute = /^([a-z]+:)?\/\/([^/?#]*)(.*)$/is.exec(value);
  if (absolute === null) return value.startsWith('/') ? (localPath(value, rules) ?? value) : value;
  const [, scheme, authority = '', rest = ''] = absolute;
  const [upstreamScheme = '', upstreamAuthority = ''] = rules.upstreamOrigin.split('//');
  if (scheme !== undefined && scheme.toLowerCase() !== upstreamScheme) return value;
  const defaultPort = upstreamScheme === 'https:' ? ':443' : ':80';
  const lower = authority.toLowerCase();
  if (lower !== upstreamAuthority && lower !== upstreamAuthority + defaultPort) return value;
  const path = localPath(rest.startsWith('/') ? rest : `/${rest}`, rules);
  if (path === undefined) return value;
  return (scheme === undefined ? localOrigin.replace(/^https?:/, '') : localOrigin) + path;
}

/** The path behind our prefix of a path behind the upstream's base; undefined when it is not below the base. */
function localPath(path: string, rules: ResponseHeaderRules): string | undefined {
  const base = rules.upstreamBase;
  if (!path.startsWith(base)) return undefined;
  const rest = path.slice(base.length);
  if (rest !== '' && !/^[/?#]/.test(rest)) return undefined;
  return rules.prefix + (rest === '' && rules.prefix === '' ? '/' : rest);
}

function localLinks(value: string, rules: ResponseHeaderRules, localOrigin: string): string {
  return value.replace(/<([^<>]*)>/g, (_all, target: string) => `<${localPlace(target, rules, localOrigin)}>`);
}

function localCookie(value: string, rules: ResponseHeaderRules, localOrigin: string): string {
  const [pair = '', ...attributes] = value.split(';');
  const plain = localOrigin.startsWith('http:');
  const kept = attributes.flatMap((attribute) => {
    const [name = '', setting = ''] = attribute.split('=').map((part) => part.trim());
    const lower = name.toLowerCase();
    if (lower === 'domain') return [];
    if (plain && (lower === 'secure' || needsSecure(lower, setting))) return [];
    if (lower === 'path') return [` Path=${localPath(setting, rules) ?? '/'}`];
    return [attribute];
  });
  return [pair, ...kept].join(';');
}

/** Attributes with which a browser takes a cookie only if it is Secure too (RFC 6265bis §5.7). */
function needsSecure(lowerCaseName: string, setting: string): boolean {
  return lowerCaseName === 'partitioned' || (lowerCaseName === 'samesite' && setting.toLowerCase() === 'none');
}
