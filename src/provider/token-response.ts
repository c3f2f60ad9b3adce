import type { AccessToken } from '../token/access-token.ts';
import { TokenRequestError, type TokenRequestFailure } from '../token/provider.ts';
import { decodeUnverifiedJwt } from '../token/unverified-jwt.ts';
import { quotation } from './quotation.ts';
import { httpDateMs, retryAfterMs } from './retry-after.ts';
import { blamesProof, type Suspicion } from './suspicion.ts';
import { bodyDescription, errorText, header, isHtml, jsonObject, type TokenAnswer } from './token-answer.ts';
import { tokenLifetime } from './token-lifetime.ts';

/** What the answer is judged by. */
export interface TokenQuestion {
  /** Origin and path of the token endpoint, never its query. */
  readonly endpoint: string;
  /** Start of the token request, epoch milliseconds. */
  readonly requestedAtMs: number;
  readonly defaultLifetimeMs: number;
  readonly maxLifetimeMs: number;
  /** Milliseconds that the endpoint's clock is known to be ahead of ours; default 0. */
  readonly skewMs?: number;
  /** The member of the answer that is the token; default access_token. */
  readonly tokenField?: string;
  /** Replaces every known secret in text of the token endpoint. */
  readonly redact: (text: string) => string;
  /** The provider's own next step for an error code; undefined = the general one. */
  readonly cure: (reason: string, words: string) => string | undefined;
  /** What is odd about the request; told when the endpoint refuses whoever asks. */
  readonly suspicion?: Suspicion | undefined;
}

/** A token, and whether its JWT looks expired on arrival (our clock is then probably ahead). */
export interface TokenResult {
  readonly token: AccessToken;
  readonly clockAhead: boolean;
}

/** Codes that mean "later", whatever the status (wire facts 4.3). */
const transientCodes = new Set(['server_error', 'temporarily_unavailable', 'slow_down']);
/** No server takes a header field as long as this; such a token would fail each request until it expires. */
const longestToken = 65_536;
const checkEndpoint = "Check the credential's tokenEndpoint: this address does not answer like a token endpoint.";

/**
 * Judges an answer of a token endpoint: wire facts section 4, rules 1–5, 7 and 9; RFC 6749 §5.1 and §5.2 made tolerant.
 * Pure and never throws: a failure is returned, with its kind, its reason and the endpoint's own words.
 */
export function parseTokenAnswer(
  answer: TokenAnswer,
  question: TokenQuestion,
  nowMs: number,
): TokenResult | TokenRequestError {
  const { status } = answer;
  if (status >= 300 && status < 400) return redirect(answer, question);
  const body = jsonObject(answer.text);
  if (status < 200 || status >= 300) return refusal(answer, question, body, nowMs);
  if (body === undefined) return notJson(answer, question);
  const value = body[question.tokenField ?? 'access_token'];
  const hasToken = value !== undefined && value !== null;
  if (isError(body['error']) || (isError(body['errorKey']) && !hasToken)) {
    return refusal(answer, question, body, nowMs);
  }
  return accepted(body, question, nowMs);
}

function accepted(
  body: Readonly<Record<string, unknown>>,
  question: TokenQuestion,
  nowMs: number,
): TokenResult | TokenRequestError {
  const type = body['token_type'];
  if (type !== undefined && type !== null && !(typeof type === 'string' && /^bearer(token)?$/i.test(type))) {
    const shown = quotation(typeof type === 'string' ? type : JSON.stringify(type), question.redact);
    return failure(question, `answered with the token type ${shown || '""'}, which is not Bearer`, {
      kind: 'permanent',
      reason: 'unsupported_token_type',
      action: 'Have the identity provider issue Bearer tokens to this client.',
    });
  }
  const field = question.tokenField ?? 'access_token';
  const value = body[field];
  if (typeof value !== 'string' || value.length > longestToken || !/^[\x21-\x7e]+$/.test(value)) {
    return failure(question, `answered with JSON without a usable token: ${whyNoToken(body, field)}`, {
      kind: 'permanent',
      reason: 'invalid_token_response',
      action: `Check what tokenEndpoint answers: it has to be a JSON object with an ${field}.`,
    });
  }
  const { lifetimeMs, source, clockAhead } = tokenLifetime(body, decodeUnverifiedJwt(value)?.payload, {
    ...question,
    nowMs,
  });
  return {
    token: { value, requestedAtMs: question.requestedAtMs, lifetimeMs, lifetimeSource: source },
    clockAhead,
  };
}

function whyNoToken(body: Readonly<Record<string, unknown>>, field: string): string {
  const value = body[field];
  if (value === undefined || value === null) {
    return body['id_token'] === undefined
      ? `${field} is missing`
      : `${field} is missing (there is an id_token, which is not for calling APIs)`;
  }
  if (typeof value !== 'string') return `${field} is not a string`;
  if (value.length > longestToken) return `${field} is longer than ${longestToken} characters`;
  // The value itself stays out of the message: it may be a good token with one bad character.
  return value === '' ? `${field} is empty` : `${field} has characters that cannot be in a header`;
}

function redirect(answer: TokenAnswer, question: TokenQuestion): TokenRequestError {
  const target = redirectTarget(header(answer, 'location'), question);
  return failure(question, `answered ${answer.status}, a redirect${target}, which is not followed`, {
    kind: 'permanent',
    reason: 'unexpected_redirect',
    action:
      'Set tokenEndpoint to the address that issues tokens; a followed redirect could hand the secret to another host.',
  });
}

function redirectTarget(location: string | undefined, question: TokenQuestion): string {
  if (location === undefined || !URL.canParse(location, question.endpoint)) return '';
  const url = new URL(location, question.endpoint);
  return ` to ${quotation(`${url.protocol}//${url.host}${url.pathname}`, question.redact)}`;
}

function notJson(answer: TokenAnswer, question: TokenQuestion): TokenRequestError {
  return failure(question, `answered ${answer.status}, but ${bodyDescription(answer, question.redact)}`, {
    kind: 'transient',
    reason: 'invalid_token_response',
    action: isHtml(answer)
      ? "Check the credential's tokenEndpoint: this address answers with a web page (sign-in page, captive portal, gateway)."
      : checkEndpoint,
  });
}

function refusal(
  answer: TokenAnswer,
  question: TokenQuestion,
  body: Readonly<Record<string, unknown>> | undefined,
  nowMs: number,
): TokenRequestError {
  const { status } = answer;
  const code = body === undefined ? undefined : errorCode(body, question);
  const later =
    status === 408 ||
    status === 425 ||
    status === 429 ||
    status >= 500 ||
    transientCodes.has(code?.toLowerCase() ?? '');
  const fallbackReason = status < 300 ? 'invalid_token_response' : `http_${status}`;
  const reason = code ?? fallbackReason;
  const retryAfter = later
    ? retryAfterMs(header(answer, 'retry-after'), endpointNowMs(answer, question, nowMs))
    : undefined;
  const words = body === undefined ? '' : quotation(errorText(body), question.redact);
  const said =
    body === undefined
      ? `: ${bodyDescription(answer, question.redact)}`
      : `${code ? ` ${code}` : ''}${words && `: ${words}`}`;
  const suspicion = !later && blamesProof(reason) ? question.suspicion : undefined;
  const usual = question.cure(reason, words) ?? generalCure(answer);
  const action =
    suspicion === undefined || usual === undefined
      ? (suspicion?.cure ?? usual)
      : `${suspicion.cure} If that is not it: ${usual}`;
  const happened = `answered ${status}${said}`;
  return failure(question, suspicion === undefined ? happened : `${happened}. ${suspicion.sentence}`, {
    kind: later ? 'transient' : 'permanent',
    reason,
    ...(suspicion === undefined ? {} : { suspicion: suspicion.id }),
    ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
    ...(action === undefined ? {} : { action }),
  });
}

/**
 * The time by the clock that wrote the answer's dates: its own Date, unless it comes out of a cache (RFC 9111 §5.1: then it
 * has an Age, and its Date is an old one), else ours with the known difference.
 */
function endpointNowMs(answer: TokenAnswer, { skewMs = 0 }: TokenQuestion, nowMs: number): number {
  const date = header(answer, 'age') === undefined ? header(answer, 'date') : undefined;
  return (date === undefined ? undefined : httpDateMs(date)) ?? nowMs + skewMs;
}

function generalCure(answer: TokenAnswer): string | undefined {
  const { status } = answer;
  if (status >= 500 || status === 408 || status === 425 || status === 429) return undefined;
  if (status === 404 || status === 405 || status === 410) return checkEndpoint;
  if (status === 407) {
    return 'A proxy between bearerd and the token endpoint answers in its place and wants a password: find a way around it.';
  }
  if (status === 403 && !isHtml(answer) && answer.text.trim() === '') {
    return 'It gives no reason: check clientId and its rights, and whether a firewall lets this machine call the token endpoint.';
  }
  if (isHtml(answer)) {
    return "Check the credential's tokenEndpoint, and whether a firewall in between refuses the request: the answer is a web page.";
  }
  return undefined;
}

function isError(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false;
}

/** The endpoint's own code, if it is short and plain enough for a log field and holds no secret. */
function errorCode(body: Readonly<Record<string, unknown>>, question: TokenQuestion): string | undefined {
  for (const name of ['error', 'errorKey', 'errorCode']) {
    const value = body[name];
    if (typeof value === 'string' && /^[\w.:/-]{1,64}$/.test(value) && question.redact(value) === value) return value;
  }
  return undefined;
}

function failure(question: TokenQuestion, happened: string, facts: TokenRequestFailure): TokenRequestError {
  return new TokenRequestError(`POST ${question.endpoint} ${happened}.`, facts);
}
