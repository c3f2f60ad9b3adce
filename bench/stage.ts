import type { Findings } from './findings.ts';
import type { Plan } from './plan.ts';
import { openSubject, type Place, type Running, type Subject } from './subject.ts';
import type { World } from './world.ts';

/** What a measure works with. */
export interface Stage {
  readonly world: World;
  readonly plan: Plan;
  readonly findings: Findings;
}

/** Subjects in front of the lean upstream with the fixed token; a place is changed by what is given. */
export function placeOn({ world }: Stage, change: Partial<Place> = {}): Place {
  return { world, upstream: world.fast, tokenPath: '/fixed', ...change };
}

/** Opens subjects, hands them over by name, and stops them whatever happens. Those that are not installed are noted. */
export async function withSubjects<T>(
  stage: Stage,
  subjects: readonly (readonly [subject: Subject, place: Place])[],
  use: (running: ReadonlyMap<string, Running>) => Promise<T>,
): Promise<T> {
  const running = new Map<string, Running>();
  try {
    for (const [subject, place] of subjects) {
      if (subject.missing === undefined) running.set(subject.name, await openSubject(subject, place));
      else if (!stage.findings.missing.includes(subject.missing)) stage.findings.missing.push(subject.missing);
    }
    return await use(running);
  } finally {
    await Promise.all([...running.values()].map(({ child }) => child.stop()));
  }
}

/** The one of that name. @throws when it is not there */
export function named<T>(all: ReadonlyMap<string, T>, name: string): T {
  const one = all.get(name);
  if (one === undefined) throw new Error(`${name} does not run`);
  return one;
}
