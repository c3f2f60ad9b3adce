/** On whose side something has to change. */
export type Side = 'yours' | 'IdP' | 'API' | 'network';

const likelihoods = ['certain', 'likely', 'possible'] as const;

/** certain = this alone makes requests fail; likely = it explains what was seen; possible = worth a look. */
export type Likelihood = (typeof likelihoods)[number];

/** Something that is or may be wrong. */
export interface Finding {
  /** Stable name: `invalid_client`, `certificate`, `audience` …; docs/troubleshooting.md has an entry for it. */
  readonly id: string;
  readonly side: Side;
  readonly likelihood: Likelihood;
  /** What is wrong, as the answer of a failing request says it. */
  readonly sentence: string;
  /** What to write or to set, and where. */
  readonly cure: string;
}

/** The likeliest first; among equals the order stays. */
export function byLikelihood<F extends Finding>(findings: readonly F[]): F[] {
  return likelihoods.flatMap((one) => findings.filter(({ likelihood }) => likelihood === one));
}

/** The likeliest first; what was found earlier stands before what is as likely; nothing twice. */
export function ordered(findings: readonly Finding[]): Finding[] {
  const sorted = byLikelihood(findings);
  return sorted.filter(({ id }, index) => sorted.findIndex((other) => other.id === id) === index);
}
