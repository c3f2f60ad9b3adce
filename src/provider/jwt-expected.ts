import type { Log } from '../log.ts';
import { decodeUnverifiedJwt, sections } from '../token/unverified-jwt.ts';

/** Tells early, at acquisition, what the API would answer later: Collibra says malformedToken to all that is no JWT (wire facts 2.3). */
export function warnUnlessJwt(token: string, wantsJwt: boolean, from: string, log: Log): void {
  if (!wantsJwt || decodeUnverifiedJwt(token) !== undefined) return;
  const parts = sections(token);
  log.warn(
    { event: 'token_not_a_jwt', from, sections: parts },
    `The access token is not a three-part JWT (it has ${parts} ${parts === 1 ? 'part' : 'parts'}): Collibra will answer malformedToken. Have the identity provider issue JWT access tokens for this client.`,
  );
}
