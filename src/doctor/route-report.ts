import type { TokenView } from '../token/token-view.ts';
import type { Examination } from './examination.ts';
import { type Finding, ordered } from './finding.ts';

/** Everything that was asked about one route, or about one pasted token. */
export interface RouteReport {
  /** undefined = a pasted token without a configuration. */
  readonly route: string | undefined;
  readonly credential: string | undefined;
  readonly examinations: readonly Examination[];
  /** The likeliest first; empty = nothing found. */
  readonly findings: readonly Finding[];
  /** Its sections; of the signature only the length. undefined = there was no token. */
  readonly token: TokenView | undefined;
}

/** Puts the examinations together; findings of a later question stand behind those of an earlier one as likely. */
export function reportOf(parts: Omit<RouteReport, 'findings'>): RouteReport {
  return { ...parts, findings: ordered(parts.examinations.flatMap(({ findings }) => findings)) };
}
