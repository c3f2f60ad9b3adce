import { foreignLine } from '../foreign-line.ts';
import type { Contradiction } from './contradiction.ts';
import type { Evidence, OpenedEvidence } from './evidence.ts';

const revokedWords = /\b(revoked|withdrawn|blacklisted|denylisted)\b/i;

/** What the API's answer says beyond the token's form: revoked. */
export function revocation({ api, answer }: OpenedEvidence): Contradiction[] {
  const said = answer?.text !== undefined && revokedWords.test(answer.text);
  if (!said && !(answer?.class === 'rejected' && answer.acceptedBefore === true)) return [];
  const how = said
    ? `${api.name} says that the token was revoked`
    : `${api.name} accepted this very token before and refuses it now: it was revoked, or the API's settings have changed`;
  return [
    {
      id: 'revoked',
      sentence: `${how}.`,
      cure: `Get a new token. If new ones are refused too, see at the identity provider whether the client or its tokens were revoked ("not before", sessions), and whether somebody has changed ${api.settings.place}.`,
      certainty: said ? 'certain' : 'likely',
    },
  ];
}

/** The token is taken, and what it may do is not enough. Looks at opaque tokens as well. */
export function permissionContradictions(
  evidence: Pick<OpenedEvidence, 'api' | 'quote' | 'atIdp'> & Evidence & { readonly scope: unknown },
): Contradiction[] {
  const { api, answer, quote, atIdp, token } = evidence;
  if (answer === undefined) return [];
  if (answer.neededScope !== undefined) {
    const needed = quote(answer.neededScope);
    return [
      {
        id: 'scope_missing',
        sentence: `The request needs the scope ${needed}, and the token ${scopeWords(evidence)}.`,
        cure: `Add ${needed} to the credential's scope, and at the identity provider allow it for this client; or give the client the right in the settings of ${api.name}.${atIdp('scope')}`,
        certainty: 'certain',
      },
    ];
  }
  const forbidden = answer.status === 403;
  if (!forbidden && !(answer.status === 401 && answer.class === 'none' && api.uncodedIsPermission)) return [];
  const text = answer.text === undefined ? '' : foreignLine(answer.text, token);
  const said = text === '' ? '' : ` ("${text}")`;
  const how = forbidden
    ? `answers 403${said}: the token is taken, and its user may not do this`
    : `answers 401 without a token code${said}, as it does when a permission is missing: the token is probably taken`;
  return [
    {
      id: 'permission_missing',
      sentence: `${api.name} ${how}.`,
      cure: `Give ${api.settings.user} that the token names the permission in ${api.name}; a new token does not help.${atIdp('scope')}`,
      certainty: forbidden ? 'certain' : 'likely',
    },
  ];
}

function scopeWords({ scope, quote }: Pick<OpenedEvidence, 'quote'> & { readonly scope: unknown }): string {
  if (scope === undefined) return 'has no scope';
  return `has ${quote(Array.isArray(scope) ? scope.join(' ') : scope)}`;
}
