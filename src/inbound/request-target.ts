/**
 * The path and query of a request target (`*` stays): an absolute-form target loses its scheme and authority
 * (RFC 9112 §3.2.2); with OPTIONS one that has nothing else stands for `*` (§3.2.4).
 */
export function pathAndQuery(target: string, method = 'GET'): string {
  if (target.startsWith('/') || target === '*') return target;
  const rest = target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/, '');
  if (rest === '' && method === 'OPTIONS') return '*';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/** What stands before the query. */
export function pathOf(pathQuery: string): string {
  const query = pathQuery.indexOf('?');
  return query === -1 ? pathQuery : pathQuery.slice(0, query);
}

/** The host and port of an absolute-form target; undefined for a path or `*`. */
export function authorityOf(target: string): string | undefined {
  return target.startsWith('/') ? undefined : /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/.exec(target)?.[1];
}

/**
 * A segment of the path means "one up" to some server: plain, percent-encoded once or twice, behind a backslash or an
 * encoded slash, or with path parameters (`..;x`). Nothing is normalised; such a path is refused where it could leave
 * a prefix or a base path (RFC 3986 §5.2.4; threat 9).
 */
export function hasDotDotSegment(path: string): boolean {
  if (!path.includes('..') && !(path.includes('%') && /%(25)*2e/i.test(path))) return false;
  const plain = path
    .replace(/%(25)+/gi, '%')
    .replace(/%2e/gi, '.')
    .replace(/%2f|%5c|\\/gi, '/')
    .replace(/%3b/gi, ';');
  return plain.split('/').some((segment) => segment.split(';', 1)[0] === '..');
}

/** The target for the upstream: the route's prefix replaced by the upstream's base path, every other byte as it came. */
export function upstreamTarget(pathQuery: string, prefix: string, base: string): string {
  const target = base + pathQuery.slice(prefix.length);
  return target.startsWith('/') ? target : `/${target}`;
}
