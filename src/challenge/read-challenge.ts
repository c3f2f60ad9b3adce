import { bodyFacts } from './body.ts';
import type { ChallengeFacts, Profile } from './policy.ts';
import { bearerError, neededScope } from './www-authenticate.ts';

/** What a 401 itself says: the two facts for `judge`, and the rest for `explain`. */
export interface Challenge extends Pick<ChallengeFacts, 'code' | 'bearerError'> {
  /** userMessage, errorMessage or the like, as it came; undefined when there is none. */
  readonly upstreamText: string | undefined;
  /** The scope that the request needs, where the API says so (RFC 6750 §3.1). */
  readonly neededScope: string | undefined;
}

/**
 * Reads a 401. Never throws.
 * @param wwwAuthenticate the values of all WWW-Authenticate fields, in order.
 * @param decodedText the body, content coding removed; undefined when there is none or it is too long to be looked at.
 */
export function readChallenge(
  profile: Profile,
  wwwAuthenticate: readonly string[],
  decodedText: string | undefined,
): Challenge {
  const body = bodyFacts(profile, decodedText ?? '');
  return {
    code: body.code,
    bearerError: bearerError(wwwAuthenticate),
    upstreamText: body.text,
    neededScope: neededScope(wwwAuthenticate),
  };
}
