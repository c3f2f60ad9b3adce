import { isCode } from './api-codes.ts';

/** One challenge of WWW-Authenticate (RFC 9110 §11.6.1); scheme and parameter names in lower case. */
export interface AuthChallenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const token = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const quoted = /"((?:[^"\\]|\\.)*)"/y;
/** A scheme's single value (RFC 9110 §11.2) ends at the comma or with the line; otherwise it is the name of a parameter. */
const token68 = /[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))/y;
const blanks = /[ \t]*/y;

/**
 * `error` of the first Bearer challenge that has one (RFC 6750 §3), as it was sent.
 * An `error` inside another scheme's challenge or inside a quoted string is not Bearer's (P07, P10). Never throws.
 * @param lines the values of all WWW-Authenticate fields, in order.
 */
export function bearerError(lines: readonly string[]): string | undefined {
  for (const challenge of parseChallenges(lines)) {
    if (challenge.scheme !== 'bearer') continue;
    const error = challenge.parameters.get('error');
    if (error !== undefined && isCode(error)) return error;
  }
  return undefined;
}

/** `scope` of the first Bearer challenge whose error is insufficient_scope (RFC 6750 §3.1), as it was sent. Never throws. */
export function neededScope(lines: readonly string[]): string | undefined {
  const refusals = parseChallenges(lines).filter(
    ({ scheme, parameters }) => scheme === 'bearer' && parameters.get('error')?.toLowerCase() === 'insufficient_scope',
  );
  return refusals.map(({ parameters }) => parameters.get('scope')).find((scope) => scope !== undefined && scope !== '');
}

/**
 * Reads all challenges of all lines; what is malformed is skipped up to the next sound element. Several lines are one list
 * (RFC 9110 §5.3), so a line may go on with parameters of the challenge before it. Of a repeated parameter the first counts.
 */
export function parseChallenges(lines: readonly string[]): AuthChallenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const line of lines) {
    let at = 0;
    const take = (pattern: RegExp): RegExpExecArray | null => {
      pattern.lastIndex = at;
      const match = pattern.exec(line);
      if (match !== null) at += match[0].length;
      return match;
    };
    while (at < line.length) {
      take(blanks);
      const name = take(token)?.[0].toLowerCase();
      if (name === undefined) {
        // A quoted string where none belongs is skipped whole, so that nothing inside it counts; an open one ends the line.
        if (line[at] !== '"') at += 1;
        else if (take(quoted) === null) break;
        continue;
      }
      take(blanks);
      if (line[at] !== '=') {
        challenges.push({ scheme: name, parameters: new Map() });
        take(token68);
        continue;
      }
      at += 1;
      take(blanks);
      const value = take(quoted)?.[1]?.replace(/\\(.)/g, '$1') ?? take(token)?.[0];
      const parameters = challenges.at(-1)?.parameters;
      if (value !== undefined && parameters !== undefined && !parameters.has(name)) parameters.set(name, value);
    }
  }
  return challenges;
}
