import { type AllowRule, matchesPath } from '../config/allow-rule.ts';
import { BearerdError } from '../errors.ts';
import { pathReadings } from './path-readings.ts';
import { pathOf } from './request-target.ts';

/** What may be asked of a route; a route without rules has none. */
export interface Policy {
  /** undefined = every path and method. */
  readonly allow: readonly AllowRule[] | undefined;
  /** Only methods that change nothing, and no WebSocket. */
  readonly readOnly: boolean;
}

/** What a policy judges. */
export interface Asked {
  readonly method: string;
  /** Path and query as they came. */
  readonly pathQuery: string;
  /** Node's flat list: name, value, …. */
  readonly rawHeaders: readonly string[];
  /** A WebSocket is asked for. */
  readonly upgrade: boolean;
}

/** Why a request may not be asked. */
export interface PolicyRefusal {
  /** The key of the route that says so; `path`: the path may be that of another route. */
  readonly rule: 'allow' | 'readOnly' | 'path';
  /** One sentence, without anything of the query. */
  readonly reason: string;
}

/** RFC 9110 §9.2.1, without TRACE, which is never forwarded. */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Fields by which frameworks take another method than that of the request line; `_` is `-` to CGI (CVE-2025-64484). */
const methodFields: ReadonlySet<string> = new Set(['x-http-method-override', 'x-http-method', 'x-method-override']);

/** Fields by which servers take another path (IIS, Symfony CVE-2018-14773). */
const pathFields: ReadonlySet<string> = new Set([
  'x-original-url',
  'x-original-uri',
  'x-rewrite-url',
  'x-override-url',
]);

/** Judges a request by the rules of its route; undefined = it may be asked. */
export function judgePolicy({ allow, readOnly }: Policy, asked: Asked): PolicyRefusal | undefined {
  const { methods, namesPath } = overrides(asked);
  if (readOnly) {
    const changing = methods.find((method) => !safe.has(method));
    if (changing !== undefined) return refusal('readOnly', `${shown(changing)} may change something`);
    if (asked.upgrade) return refusal('readOnly', 'a WebSocket can carry anything');
  }
  if (allow === undefined) return undefined;
  if (namesPath) return refusal('allow', 'a header field names another path');
  const readings = pathReadings(pathOf(asked.pathQuery));
  if (readings === undefined) return refusal('allow', 'the path can be read in more than one way');
  for (const method of methods) {
    const open = allow.filter(({ methods: listed }) => listed === undefined || listed.has(method));
    for (const reading of readings) {
      if (open.some((rule) => matchesPath(rule, reading))) continue;
      return refusal('allow', `${shown(method)} on this path is not in the list`);
    }
  }
  return undefined;
}

/**
 * Judges which route a path leads to, where routes with a policy stand beside others: every reading of the path has to
 * lead to the same one, or the policy could be walked round (`/open/%2e%2e/guarded`, `/%67uarded`).
 * @param find the route of a path
 */
export function judgeRoute<R>(
  route: R,
  pathQuery: string,
  find: (path: string) => R | undefined,
): PolicyRefusal | undefined {
  const readings = pathReadings(pathOf(pathQuery));
  if (readings?.every((reading) => find(reading) === route)) return undefined;
  return refusal('path', 'the path can be read as that of more than one route');
}

/** The methods that the request names anywhere, that of its request line first; and whether it names another path. */
function overrides({ method, pathQuery, rawHeaders }: Asked): { methods: readonly string[]; namesPath: boolean } {
  const methods = new Set([method]);
  let namesPath = false;
  const add = (value: string): void => {
    for (const name of value.split(',')) methods.add(name.trim().toUpperCase());
  };
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length < 13 || name.length > 22) continue;
    // CGI and PHP make one of all that is neither a letter nor a digit
    const lower = name.toLowerCase().replace(/[^a-z\d]/g, '-');
    if (methodFields.has(lower)) add(rawHeaders[i + 1] ?? '');
    else if (pathFields.has(lower)) namesPath = true;
  }
  const query = pathQuery.indexOf('?');
  if (query >= 0) {
    // to some frameworks `;` separates parameters too
    const parameters = new URLSearchParams(pathQuery.slice(query).replaceAll(';', '&'));
    for (const [name, value] of parameters) if (isMethodParameter(name)) add(value);
  }
  return { methods: [...methods], namesPath };
}

/** PHP strips blanks before a parameter's name and makes `_` of blanks, dots and an open bracket in it. */
function isMethodParameter(name: string): boolean {
  return name.length < 100 && /^ *[_ .[]method$/i.test(name);
}

function refusal(rule: PolicyRefusal['rule'], reason: string): PolicyRefusal {
  return { rule, reason };
}

/** The answer to a request that may not be asked. */
export function notAllowed(routeName: string, { rule, reason }: PolicyRefusal): BearerdError {
  return new BearerdError('BEARERD_NOT_ALLOWED', `refused by the rule ${rule} of route ${routeName}: ${reason}`, {
    rule,
  });
}

/** A client's word for a message. */
function shown(method: string): string {
  return /^[A-Z-]{1,20}$/.test(method) ? method : 'another method';
}
