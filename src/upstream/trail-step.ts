import type { TrailStep } from '../challenge/trail.ts';
import type { Rejection } from './token-fault.ts';

/** What is kept of a decision. @param code the upstream's, fit to be printed */
export function trailStep({ verdict, facts, held, failure }: Rejection, code: string | undefined): TrailStep {
  const { class: klass, rule, action, cache } = verdict;
  const { attempt, ageMs, remainingMs } = facts;
  const decided = { attempt, generation: held.generation, code, class: klass, rule, action, cache };
  return { ...decided, ageMs, remainingMs, refreshFailure: failure?.message };
}
