import { classify } from '../challenge/classify.ts';
import type { TokenAnswered } from '../challenge/contradiction/evidence.ts';
import type { Profile } from '../challenge/policy.ts';
import { readChallenge } from '../challenge/read-challenge.ts';
import { neededScope } from '../challenge/www-authenticate.ts';
import type { Clock } from '../clock.ts';
import { BearerdError } from '../errors.ts';
import { skewFromDate } from '../token/clock-skew.ts';
import { challengeText } from '../upstream/challenge-body.ts';
import { fieldValues } from '../upstream/field-lines.ts';
import { type RequestHeaderRules, requestHeaders } from '../upstream/request-headers.ts';
import { newExchange, type RoundTrip, type UpstreamResponse } from '../upstream/round-trip.ts';

/** A request to see whether the API takes the token. */
export interface Probe {
  /** `GET /path`. */
  readonly request: string;
  /** Path of the upstream without a trailing slash. */
  readonly base: string;
  readonly rules: RequestHeaderRules;
}

/** Sends the probe; resolves with its status, or with what bearerd answers in its place. */
export async function sendProbe(send: RoundTrip, { request, base, rules }: Probe): Promise<number | BearerdError> {
  const [method = 'GET', path = '/'] = request.split(' ');
  const { fields } = requestHeaders(['Accept', '*/*', 'User-Agent', 'bearerd-check'], rules);
  try {
    const answer = await send({
      method,
      target: `${base}${path}`,
      headers: fields,
      body: undefined,
      upgrade: false,
      caller: { gone: false, onGone: undefined },
      exchange: newExchange(),
      hasOwnAuthorization: false,
      onInformation: undefined,
    });
    answer.body.discard(new Error('only the status was wanted'));
    return answer.status;
  } catch (error) {
    if (error instanceof BearerdError) return error;
    throw error;
  }
}

/** What was learnt from the answers of the API, the last one counts. */
export interface Overheard {
  answer: TokenAnswered | undefined;
  /** Milliseconds that the API's clock is ahead of ours. */
  skewMs: number | undefined;
}

/** Looks at each answer on its way to whoever judges it; changes nothing. */
export function overhear(send: RoundTrip, profile: Profile, clock: Clock, heard: Overheard): RoundTrip {
  return async (request) => {
    const sentMs = clock.nowMs();
    const response = await send(request);
    if (first(response, 'age') === undefined) {
      heard.skewMs = skewFromDate(first(response, 'date'), sentMs, clock.nowMs()) ?? heard.skewMs;
    }
    heard.answer = await answered(response, profile);
    return response;
  };
}

async function answered(response: UpstreamResponse, profile: Profile): Promise<TokenAnswered> {
  const { status, body } = response;
  if (status !== 401 && status !== 403) return { status, class: 'none' };
  const text = await challengeText(body, fieldValues(response.rawHeaders, 'content-encoding').join(','));
  const challenges = fieldValues(response.rawHeaders, 'www-authenticate');
  const { code, bearerError, upstreamText } = readChallenge(profile, challenges, text);
  const { class: klass } = classify(profile, { ...unknownToUs, status, code, bearerError });
  return { status, class: klass, text: upstreamText, neededScope: neededScope(challenges) };
}

/** The answer alone is judged here: what we think of the token's age is compared later. */
const unknownToUs = {
  method: 'GET',
  attempt: 1,
  remainingMs: undefined,
  ageMs: 0,
  accepted: false,
  current: true,
  replayable: true,
  sinceUnhelpfulMs: undefined,
} as const;

function first(response: UpstreamResponse, name: string): string | undefined {
  return fieldValues(response.rawHeaders, name)[0];
}
