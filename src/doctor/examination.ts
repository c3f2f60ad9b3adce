import type { Finding } from './finding.ts';

/** The questions that are asked, in this order. */
export type Question =
  | 'configuration'
  | 'names'
  | 'tls'
  | 'discovery'
  | 'token request'
  | 'token'
  | 'keys'
  | 'probe'
  | 'clock';

/** The answer to one question. */
export interface Examination {
  readonly question: Question;
  /** good = as it should be; bad = not; skipped = could not be asked, or there is nothing to ask. */
  readonly state: 'good' | 'bad' | 'skipped';
  /** What was seen, one line each; nothing secret, the token not either. */
  readonly lines: readonly string[];
  /** What follows from it; empty also where a later question says it better. */
  readonly findings: readonly Finding[];
}

/** A question that was not asked. */
export function skipped(question: Question, why: string): Examination {
  return { question, state: 'skipped', lines: [why], findings: [] };
}
