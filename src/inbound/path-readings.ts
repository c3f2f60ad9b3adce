/** More readings than this are no path that anybody needs. */
const most = 32;
/** Nor more segments; matching takes time by their number. */
const mostSegments = 256;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Each makes one reading of another, shorter or equal, the way some server does it. */
const habits: readonly ((path: string) => string | undefined)[] = [
  decoded,
  (path) => path.replaceAll('\\', '/'),
  // path parameters (RFC 3986 §3.3): `/a;x=1/b` is `/a/b` to servlet containers
  (path) => path.replace(/;[^/]*/g, ''),
  (path) => path.replace(/\/{2,}/g, '/'),
  (path) => path.replace(/\/\.(?=\/|$)/g, ''),
  // full-width dots and slashes, which some systems map to the plain ones
  (path) => path.normalize('NFKC'),
  // a server that decodes before it looks for the query
  (path) => path.replace(/[?#].*$/s, ''),
];

/**
 * Every path that some server may take a path for: decoded once and more often, with backslashes as slashes, without
 * path parameters, empty segments and dot segments, in any combination. A rule about paths has to hold for all of
 * them, because bearerd forwards the bytes as they are and cannot know which reading is the upstream's (threat 9;
 * advisories of middie, express, reply-from, oauth2-proxy: guard and server read the same path differently).
 * @param path without query
 * @returns undefined where no reading is safe: a `..` segment in any of them, a malformed or overlong encoding, control
 * characters, bytes beyond ASCII that are not percent-encoded, too many readings or segments
 */
export function pathReadings(path: string): readonly string[] | undefined {
  if (/^(?:\/[\w~!$&'()*+,=:@-][\w.~!$&'()*+,=:@-]*)+\/?$/.test(path)) return isDeep(path) ? undefined : [path];
  if (/[^\x21-\x7e]/.test(path) || /%(?![0-9a-f]{2})/i.test(path)) return undefined;
  const first = decoded(path);
  if (first === undefined) return undefined;
  const found = new Set([first]);
  // A set walks over what is added meanwhile.
  for (const reading of found) {
    if (/[\x00-\x1f\x7f]/.test(reading) || /\/\.\. *(?:\/|$)/.test(reading) || isDeep(reading)) {
      return undefined;
    }
    for (const habit of habits) {
      const next = habit(reading);
      if (next === undefined || found.size > most) return undefined;
      found.add(next);
    }
  }
  return [...found].map((reading) => (reading === '' ? '/' : reading));
}

function isDeep(path: string): boolean {
  return path.split('/', mostSegments + 2).length > mostSegments + 1;
}

/** Each complete percent-encoded byte decoded once; undefined = the bytes are not UTF-8, overlong forms included. */
function decoded(path: string): string | undefined {
  if (!path.includes('%')) return path;
  const bytes = Buffer.from(path, 'utf8')
    .toString('latin1')
    .replace(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'));
  } catch {
    return undefined;
  }
}
