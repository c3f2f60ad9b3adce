import { type BearerdError, catalog, type ErrorCode } from '../errors.ts';
import { meaningOf } from './api-codes.ts';
import { apis } from './apis.ts';
import { classify } from './classify.ts';
import type { Contradiction } from './contradiction/contradiction.ts';
import { foreignLine } from './foreign-line.ts';
import type { ChallengeClass, ChallengeFacts, Profile, Verdict } from './policy.ts';
import type { TokenAnatomy } from './token-anatomy.ts';
import { duration, tokenFindings } from './token-findings.ts';

/** What `explain` builds its sentences from. */
export interface Occasion {
  readonly profile: Profile;
  /** A verdict whose action is explain or explain-retriable. */
  readonly verdict: Verdict;
  /** The body's code, as it came; an error of the Bearer challenge is read from the facts. */
  readonly code: string | undefined;
  /** The API's own sentence (readChallenge), as it came. */
  readonly upstreamText: string | undefined;
  readonly anatomy: TokenAnatomy;
  readonly facts: ChallengeFacts;
  readonly routeName: string;
  readonly credentialName: string;
  /** The token that was sent, because the API may echo it; only ever removed, never printed. */
  readonly token: string;
  /** What of the token contradicts what the API expects, the likeliest cause first. */
  readonly findings?: readonly Contradiction[];
  /** With M15 and M16: the failed token request, whose own code and words the answer has. */
  readonly refreshError?: BearerdError;
}

/** The parts of an answer that depend on the occasion; the rest is the catalog's. */
export interface Explanation {
  readonly code: ErrorCode;
  /** One line without secrets: what the API said, then in which state the token was. */
  readonly detail: string;
  /** What to compare or change, in the words of the API's console. */
  readonly action: string;
  /** The code of the body, else of the Bearer challenge, fit to be printed; undefined when there was none. */
  readonly upstreamErrorCode: string | undefined;
}

const longestCode = 60;

const errorCodes: Readonly<Record<ChallengeClass, ErrorCode>> = {
  expired: 'BEARERD_TOKEN_EXPIRED',
  rejected: 'BEARERD_TOKEN_INVALID',
  unusable: 'BEARERD_TOKEN_MALFORMED',
  unprocessable: 'BEARERD_TOKEN_UNPROCESSABLE',
  'not-auth': 'BEARERD_TOKEN_INVALID',
  none: 'BEARERD_TOKEN_INVALID',
};

/** Says why a request ended in an answer of ours: nothing in it is a guess. Never throws. */
export function explain(occasion: Occasion): Explanation {
  const { code, facts, token } = occasion;
  const raw = code ?? facts.bearerError;
  return {
    ...words(occasion),
    upstreamErrorCode: raw === undefined ? undefined : foreignLine(raw, token, longestCode),
  };
}

function words(occasion: Occasion): Omit<Explanation, 'upstreamErrorCode'> {
  const { verdict } = occasion;
  if (verdict.rule === 'M15' || verdict.rule === 'M16') return afterFailedRefresh(occasion);
  const said = sentence(`${apiSaid(occasion)}${asOwnRule(occasion)}`);
  if (verdict.action === 'explain-retriable') {
    const code = 'BEARERD_BODY_NOT_REPLAYABLE';
    return { code, detail: `${said} ${unrepeatable(occasion)}`, action: catalog[code].action };
  }
  const [finding] = occasion.findings ?? [];
  const parts = [said, finding?.sentence, tokenState(occasion, finding === undefined)];
  return {
    code: errorCodeFor(occasion),
    detail: parts.filter((part) => part !== undefined).join(' '),
    action: finding?.cure ?? checkFor(occasion),
  };
}

function afterFailedRefresh(occasion: Occasion): Omit<Explanation, 'upstreamErrorCode'> {
  const { verdict, refreshError, credentialName } = occasion;
  const code = refreshError?.code ?? (verdict.rule === 'M15' ? 'BEARERD_TOKEN_UNAVAILABLE' : 'BEARERD_TOKEN_REFUSED');
  const failure = refreshError?.message ?? `${catalog[code].title} (credential ${named(credentialName)})`;
  const context = `A new token was asked for after ${apiSaid(occasion)}`;
  return {
    code,
    detail: `${sentence(failure)} ${sentence(context)}`,
    action: refreshError?.occurrence.action ?? catalog[code].action,
  };
}

/** "Collibra answered the request on route "x" with 401 invalidToken ("…")", with what that code means where it is one of the API's own. */
function apiSaid({ profile, code, facts, upstreamText, token, routeName }: Occasion): string {
  const api = apis[profile];
  const { bearerError } = facts;
  const known = meaningOf(api, code);
  const said = code === undefined ? '401' : `401 ${known?.code ?? foreignLine(code, token, longestCode)}`;
  const bearer =
    bearerError === undefined || known !== undefined
      ? ''
      : ` and the Bearer error ${foreignLine(bearerError, token, longestCode)}`;
  const which = code === undefined && bearer === '' ? '401 without an error code' : `${said}${bearer}`;
  const text = upstreamText === undefined ? '' : foreignLine(upstreamText, token);
  const meaning = known === undefined ? '' : `, which means that ${known.meaning}`;
  const request = facts.attempt === 2 ? 'the repeated request' : 'the request';
  return `${api.name} answered ${request} on route ${named(routeName)} with ${which}${text === '' ? '' : ` ("${text}")`}${meaning}`;
}

function asOwnRule(occasion: Occasion): string {
  if (occasion.verdict.rule === 'own') return "; the route's own challenge rules make that a failure";
  return isOwnRetry(occasion) ? "; the route's own challenge rules make that a reason for a new token" : '';
}

/** @param described with what is in the token, for want of a finding that says what is wrong with it. */
function tokenState(occasion: Occasion, described: boolean): string | undefined {
  const { profile, verdict, anatomy, facts, credentialName } = occasion;
  const findings = described ? tokenFindings(apis[profile], verdict.class, anatomy) : [];
  const { remainingMs, sinceUnhelpfulMs } = facts;
  if (anatomy.expiresInSeconds === undefined && remainingMs !== undefined && remainingMs <= 0) {
    findings.push("was past the expiry that the token endpoint's answer gave it");
  }
  if (verdict.rule === 'M17') findings.push('came back unchanged when a new one was asked for');
  if (verdict.class === 'rejected' && !facts.accepted) findings.push('has not been accepted here before');
  const earlier =
    sinceUnhelpfulMs === undefined
      ? ''
      : `; the last forced refresh, ${duration(sinceUnhelpfulMs / 1000)} before, did not help`;
  if (findings.length === 0) return undefined;
  return sentence(`The token of credential ${named(credentialName)} ${findings.join('; it ')}${earlier}`);
}

function unrepeatable({ verdict, facts }: Occasion): string {
  const token =
    verdict.cache === 'invalidate' ? 'A new token is being fetched' : 'The token that it carried is no longer in use';
  const why =
    facts.resent === true
      ? 'bearerd had sent the request twice already, because the upstream had closed an old connection under it'
      : 'bearerd does not hold the whole request body';
  return `${token}, but ${why}, so it did not repeat the request; a 401 says that the request was not applied (RFC 9110).`;
}

function errorCodeFor(occasion: Occasion): ErrorCode {
  // "The API says expired" would be untrue of a code that only the user's own rule treats so.
  return isOwnRetry(occasion) ? 'BEARERD_TOKEN_INVALID' : errorCodes[occasion.verdict.class];
}

function checkFor(occasion: Occasion): string {
  const { profile, verdict, code, routeName } = occasion;
  const api = apis[profile];
  const known = meaningOf(api, code);
  if (known !== undefined && known.class === verdict.class) return known.check;
  if (verdict.rule === 'own' || isOwnRetry(occasion)) {
    return `See what the API documents for this code; the rule that names it is in challenge of route ${named(routeName)}.`;
  }
  return verdict.class === 'expired' ? api.check.expired : api.check.rejected;
}

/** A rule of the user's made this *expired*: neither the API's code nor the clock says so. */
function isOwnRetry({ profile, verdict, facts }: Occasion): boolean {
  return verdict.class === 'expired' && classify(profile, facts).class !== 'expired';
}

function named(name: string): string {
  return `"${name}"`;
}

function sentence(text: string): string {
  const capital = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
