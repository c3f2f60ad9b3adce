import { BearerdError } from '../errors.ts';
import type { TokenLease } from '../token/held-token.ts';
import type { SubjectTokens } from '../token/subject-tokens.ts';
import type { RoundTrip } from './round-trip.ts';

/** What a token may consist of (RFC 6750 §2.1 b64token and more); a SAML assertion comes base64url-encoded (RFC 8693 §3). */
const visible = /^[\x21-\x7e]+$/;

/**
 * Sends each request with the token of the subject that it names; the subject's source stays open until the answer's head
 * is there. @param withTokens makes the layer that puts tokens on, cheap enough to be made per request
 */
export function perSubject(subjects: SubjectTokens, withTokens: (tokens: TokenLease) => RoundTrip): RoundTrip {
  return async (request) => {
    const { source, done } = subjects.lease(subjectTokenOf(request.subject, subjects.header));
    try {
      return await withTokens(source)(request);
    } finally {
      done();
    }
  };
}

/** The one subject token. @throws BearerdError BEARERD_SUBJECT_TOKEN; never a 401, which would ask for our credentials */
function subjectTokenOf(values: readonly string[] | undefined, header: string): string {
  const [value = '', ...more] = values ?? [];
  const bare = header === 'authorization' ? value.replace(/^Bearer +/i, '') : value;
  const fault =
    value === ''
      ? `has no ${header} header, which says for whom the token is`
      : more.length > 0
        ? `has ${more.length + 1} ${header} headers`
        : !visible.test(bare)
          ? `has something in its ${header} header that is no token`
          : undefined;
  if (fault === undefined) return bare;
  const action =
    header === 'authorization'
      ? 'Send one Authorization header with Bearer and the subject token.'
      : `Send one ${header} header with the bare subject token.`;
  throw new BearerdError('BEARERD_SUBJECT_TOKEN', `the request ${fault}`, { action });
}
