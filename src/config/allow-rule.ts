import type { Complaint } from './shape.ts';

/** One line of a route's `allow`: what may be asked. */
export interface AllowRule {
  /** As it was written. */
  readonly text: string;
  /** undefined = every method. */
  readonly methods: ReadonlySet<string> | undefined;
  /** Segments of the path behind its first slash; `**` stands for any number of them, `*` for any characters within one. */
  readonly segments: readonly string[];
}

const cure = 'write METHOD /path, for example GET /rest/2.0/**';

/** `GET /rest/2.0/**`, `GET|HEAD /a/*`, `* /public/**`: the path as it is once decoded. */
export function parseAllowRule(text: string): { readonly value: AllowRule } | Complaint {
  const found = /^(\S+) +(\S.*)$/.exec(text);
  if (found === null) return { problem: `'${text}' is not a method and a path`, cure };
  const [, methods = '', path = ''] = found;
  if (methods !== '*' && !/^[A-Z][A-Z-]*(?:\|[A-Z][A-Z-]*)*$/.test(methods)) {
    return { problem: `'${methods}' is not a method`, cure: 'write it in capitals, several as GET|HEAD, or * for all' };
  }
  if (!path.startsWith('/')) return { problem: `the path '${path}' does not start with /`, cure };
  if (/[%\\;?#\x00-\x1f\x7f]/.test(path)) {
    return { problem: `'${path}' is more than a decoded path`, cure: 'write it decoded, without ; ? # and \\' };
  }
  const segments = path.slice(1).split('/');
  if (segments.slice(0, -1).includes('') || segments.some((segment) => segment === '.' || segment === '..')) {
    return { problem: `'${path}' has an empty, . or .. segment`, cure: 'write the path without it' };
  }
  if (segments.some((segment) => segment.includes('**') && segment !== '**')) {
    return { problem: `'${path}' has ** within a segment`, cure: 'write * there, or ** between two slashes' };
  }
  return {
    value: { text, methods: methods === '*' ? undefined : new Set(methods.split('|')), segments },
  };
}

/** The rule speaks of this decoded path; case counts. `/a/**` includes `/a` itself. */
export function matchesPath({ segments: pattern }: AllowRule, path: string): boolean {
  const asked = path.slice(1).split('/');
  // One flag per number of segments consumed: time is length times length, whatever the client sends.
  let reached: readonly boolean[] = [true, ...asked.map(() => false)];
  for (const wanted of pattern) {
    const next = reached.map(() => false);
    for (let taken = 0; taken <= asked.length; taken += 1) {
      if (wanted === '**') next[taken] = reached[taken] === true || (taken > 0 && next[taken - 1] === true);
      else next[taken] = taken > 0 && reached[taken - 1] === true && matchesSegment(wanted, asked[taken - 1] ?? '');
    }
    reached = next;
  }
  return reached[asked.length] === true;
}

/** Some path below this prefix can match the rule. @param prefix a route's path, without a slash at its end */
export function reachesBelow({ segments }: AllowRule, prefix: string): boolean {
  for (const [index, part] of prefix.split('/').slice(1).entries()) {
    if (part === '' || segments[index] === '**') return true;
    if (!matchesSegment(segments[index] ?? '', part)) return false;
  }
  return true;
}

/** Greedy with one step back (the last `*`), so that no segment makes it slow. */
function matchesSegment(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text;
  if (pattern === '*') return text !== '';
  let at = 0;
  let star = -1;
  let resume = 0;
  let p = 0;
  while (at < text.length) {
    if (pattern[p] === '*') {
      star = p;
      resume = at;
      p += 1;
    } else if (pattern[p] === text[at]) {
      p += 1;
      at += 1;
    } else if (star >= 0) {
      p = star + 1;
      resume += 1;
      at = resume;
    } else return false;
  }
  return /^\**$/.test(pattern.slice(p));
}
