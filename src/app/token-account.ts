import type { Contradiction } from '../challenge/contradiction/contradiction.ts';
import type { Yardstick } from '../challenge/contradiction/evidence.ts';
import { contradictions } from '../challenge/contradictions.ts';
import type { Profile } from '../challenge/policy.ts';
import type { BearerdError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { KeyEvidence } from '../token/key-evidence.ts';

/** A token that the API refused, as the status shows it. */
export interface Refusal {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly route: string;
  readonly fault: BearerdError;
}

/** What a token account compares with. */
export interface Standards {
  readonly profile: Profile;
  readonly yardstick: Yardstick;
}

/** What is known about the tokens of one credential beside their dates: what contradicts what the API expects. */
export class TokenAccount {
  readonly #standards: Standards;
  readonly #log: Log;
  #findings: readonly Contradiction[] = [];
  #told = '';
  #refusal: Refusal | undefined;

  /** @param log bound to the credential's name. */
  constructor(standards: Standards, log: Log) {
    this.#standards = standards;
    this.#log = log;
  }

  /** What of the newest token contradicts `expect`. */
  get findings(): readonly Contradiction[] {
    return this.#findings;
  }

  /** The last refusal that nothing helped against; undefined = none, or the API has taken a token since. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }

  /** What of a token contradicts what the API expects, before it is sent. */
  compare(token: string, nowMs: number, keys?: KeyEvidence): Contradiction[] {
    const { profile, yardstick } = this.#standards;
    return contradictions({ ...yardstick, token, profile, nowMs, keys });
  }

  /** A fresh token has arrived: says at once what the API would say later, and once for as long as it stays the same. */
  obtained(token: string, nowMs: number): void {
    if (this.#standards.yardstick.expect === undefined) return;
    this.#findings = this.compare(token, nowMs).filter(({ certainty }) => certainty === 'certain');
    const ids = this.#findings.map(({ id }) => id);
    if (ids.join() === this.#told) return;
    this.#told = ids.join();
    const [first] = this.#findings;
    if (first === undefined) {
      this.#log.info({ event: 'token_as_expected' }, 'The new token is as the API expects it again');
    } else {
      const fields = { event: 'token_contradicts', findings: ids };
      this.#log.warn(fields, `The API will refuse the new token: ${first.sentence} ${first.cure}`);
    }
  }

  /** The API refused a token, and nothing helped. */
  refused(refusal: Refusal): void {
    this.#refusal = refusal;
  }

  /** The API has taken a token. */
  accepted(): void {
    this.#refusal = undefined;
  }
}
