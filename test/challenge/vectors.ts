import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import type { ChallengeFacts, Profile } from '../../src/challenge/policy.ts';
import { readChallenge } from '../../src/challenge/read-challenge.ts';

/** A vector of the group upstream_401. */
export interface UpstreamVector {
  readonly id: string;
  readonly title: string;
  readonly given: {
    readonly status: number;
    readonly method: string;
    readonly attempt: 1 | 2;
    readonly profile: Profile;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly bodyBase64?: string;
    readonly remainingS: number | null;
    readonly tokenAgeS: number;
    readonly accepted: boolean;
    readonly tokenIsCurrent: boolean;
    readonly replayable: boolean;
    readonly sinceUnhelpfulRefreshS: number | null;
  };
  readonly expect: { readonly action: string; readonly cache: string; readonly recommended_status?: number };
}

/** A vector of the group www_authenticate. */
export interface HeaderVector {
  readonly id: string;
  readonly title: string;
  readonly given: { readonly www_authenticate_lines: readonly string[] };
  readonly expect: { readonly bearer_error: string | null };
}

interface Vectors {
  readonly upstream_401: readonly UpstreamVector[];
  readonly www_authenticate: readonly HeaderVector[];
}

/** The acceptance data, read from the source tree (the compiled tests run in build/). */
export const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/vectors/vectors.json', import.meta.url), 'utf8'),
);

/** The facts that `judge` would be given for this vector. */
export function factsOf({ given }: UpstreamVector): ChallengeFacts {
  const text =
    given.bodyBase64 === undefined
      ? given.body
      : brotliDecompressSync(Buffer.from(given.bodyBase64, 'base64')).toString('utf8');
  const header = given.headers['www-authenticate'];
  const { code, bearerError } = readChallenge(given.profile, header === undefined ? [] : [header], text);
  return {
    status: given.status,
    method: given.method,
    attempt: given.attempt,
    code,
    bearerError,
    remainingMs: given.remainingS === null ? undefined : given.remainingS * 1000,
    ageMs: given.tokenAgeS * 1000,
    accepted: given.accepted,
    current: given.tokenIsCurrent,
    replayable: given.replayable,
    sinceUnhelpfulMs: given.sinceUnhelpfulRefreshS === null ? undefined : given.sinceUnhelpfulRefreshS * 1000,
  };
}
