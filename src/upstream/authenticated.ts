import { showsAcceptance } from '../challenge/classify.ts';
import type { Contradiction } from '../challenge/contradiction/contradiction.ts';
import { foreignLine } from '../challenge/foreign-line.ts';
import { judge, judgeRefresh } from '../challenge/judge.ts';
import type { OwnRule, Verdict } from '../challenge/policy.ts';
import { readChallenge } from '../challenge/read-challenge.ts';
import { classOfBearerError } from '../challenge/rfc6750.ts';
import { type SkipReason, skipReason } from '../challenge/skip-reason.ts';
import type { Clock } from '../clock.ts';
import type { BearerdError } from '../errors.ts';
import type { Log } from '../log.ts';
import { skewFromDate } from '../token/clock-skew.ts';
import type { HeldToken, TokenLease } from '../token/held-token.ts';
import { TokenRequestError } from '../token/provider.ts';
import { challengeText } from './challenge-body.ts';
import { fieldValues } from './field-lines.ts';
import type { RoundTrip, UpstreamRequest, UpstreamResponse } from './round-trip.ts';
import { type FaultContext, findingsOf, type Rejection, tokenFault } from './token-fault.ts';
import { trailStep } from './trail-step.ts';

/** What a route says about answers that refuse the token. */
export interface ChallengePolicy extends FaultContext {
  /** The user's own rules, before the profile's. */
  readonly ownRules: readonly OwnRule[];
  /** explain: token faults are answered by bearerd; passthrough: by the upstream's own 401, after refresh and repeat. */
  readonly on401: 'explain' | 'passthrough';
}

/** What the layer needs from outside. */
export interface AuthenticatedDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Called for each repeat, with the row of the 401 table that asked for it. */
  readonly onRepeat: (verdict: Verdict) => void;
  /** Called for each request that is not repeated although its 401 was about the token. */
  readonly onSkip: (reason: SkipReason) => void;
  /** Called when a token was refused and nothing helped, with the answer that explains it. */
  readonly onFault: (fault: BearerdError) => void;
  /** Called once per token, when the API has taken it. */
  readonly onAccepted: () => void;
}

/** What is done about a 401: hand this answer on, or send once more with this token. */
type Consequence = { readonly answer: UpstreamResponse } | { readonly token: HeldToken };

/**
 * Puts a token on each request and deals with the answers that refuse it: at most two attempts, never without a
 * usable token (RFC 6750 §2.1; the 401 table is wire facts 5.2). The only writer of Authorization.
 */
export function authenticated(
  send: RoundTrip,
  tokens: TokenLease,
  policy: ChallengePolicy,
  deps: AuthenticatedDeps,
): RoundTrip {
  return async (request) => {
    const { exchange, headers } = request;
    const leased = tokens.get(request.body?.mayExceedCap !== true);
    let held = leased instanceof Promise ? await waitedFor(leased, request) : leased;
    const slot = headers.push('Authorization', held.authorization) - 1;

    for (let attempt: 1 | 2 = 1; ; attempt = 2) {
      headers[slot] = held.authorization;
      exchange.generation = held.generation;
      const sent = {
        attempt,
        held,
        ageMs: tokens.ageMs(held),
        remainingMs: tokens.remainingMs(held),
      };
      const response = await send(request);
      if (response.status !== 401) {
        if (!held.accepted && showsAcceptance(response.status)) {
          tokens.accept(held);
          deps.onAccepted();
        }
        return response;
      }
      const consequence = await refused(request, response, sent);
      if ('answer' in consequence) return consequence.answer;
      held = consequence.token;
    }
  };

  /** The upstream answered 401: judge it, and do what the table says. */
  async function refused(request: UpstreamRequest, response: UpstreamResponse, sent: Sent): Promise<Consequence> {
    const rejection = await examined(request, response, sent);
    const { verdict } = rejection;
    if (verdict.startCooldown) tokens.noteUnhelpful();
    if (verdict.cache === 'invalidate') tokens.reject(sent.held);
    if (verdict.cache === 'cap') tokens.cap(sent.held);

    if (verdict.action === 'pass' || verdict.action.startsWith('explain')) skipped(rejection);
    switch (verdict.action) {
      case 'pass':
        return handedOn(request, response, rejection);
      case 'explain':
        return explained(request, response, rejection);
      case 'explain-retriable':
        if (verdict.cache === 'invalidate') tokens.refreshInBackground();
        return explained(request, response, rejection);
      case 'repeat-with-current':
      case 'refresh-and-repeat':
        return renewed(request, response, rejection);
    }
  }

  /** Reads and judges the 401, and writes the decision down. */
  async function examined(request: UpstreamRequest, response: UpstreamResponse, sent: Sent): Promise<Rejection> {
    const { exchange, body } = request;
    const text = await challengeText(response.body, fieldValues(response.rawHeaders, 'content-encoding').join(','));
    const challenge = readChallenge(policy.profile, fieldValues(response.rawHeaders, 'www-authenticate'), text);
    if (classOfBearerError(challenge.bearerError) !== 'not-auth') {
      if (isUnhelpful(sent)) tokens.noteUnhelpful();
      sent.held.refused = true;
    }
    const facts = {
      status: response.status,
      method: request.method,
      attempt: sent.attempt,
      code: challenge.code,
      bearerError: challenge.bearerError,
      remainingMs: sent.remainingMs,
      ageMs: sent.ageMs,
      accepted: sent.held.accepted,
      shared: sent.held.token.shared,
      current: tokens.isCurrent(sent.held),
      replayable: body === undefined || body.replayable,
      resent: sent.attempt === 1 && exchange.attempts > 1,
      sinceUnhelpfulMs: tokens.sinceUnhelpfulMs(),
    };
    const verdict = judge(policy.profile, facts, policy.ownRules);
    exchange.rule = verdict.rule;
    const code = challenge.code ?? challenge.bearerError;
    // an API may put anything there, the token it was sent included
    exchange.upstreamErrorCode = code === undefined ? undefined : foreignLine(code, sent.held.token.value, 60);
    const rejection = {
      facts,
      challenge,
      verdict,
      held: sent.held,
      apiAheadMs: aheadMs(deps.clock.nowMs(), request, response),
    };
    // how it ends is written down at the end, with what was found out about the token
    if (verdict.action.includes('repeat')) note(request, rejection);
    return rejection;
  }

  /** Gets the token for the repeat; where none can be had, M15–M17 say what the client gets. */
  async function renewed(
    request: UpstreamRequest,
    response: UpstreamResponse,
    rejection: Rejection,
  ): Promise<Consequence> {
    let token: HeldToken;
    try {
      token = await waitedFor(Promise.resolve(tokens.get(true)), request);
    } catch (error) {
      if (!(error instanceof TokenRequestError)) throw error;
      return withoutRefresh(request, response, {
        ...rejection,
        verdict: judgeRefresh(rejection.verdict, error.failure.kind),
        failure: error,
      });
    }
    if (token.token.value === rejection.held.token.value) {
      tokens.noteUnhelpful();
      const verdict = judgeRefresh(rejection.verdict, 'identical');
      if (verdict.cache === 'cap') tokens.cap(token);
      return withoutRefresh(request, response, { ...rejection, verdict });
    }
    // between the verdict and now the rest of a long body may have outgrown what is remembered
    if (request.body !== undefined && !request.body.replayable) {
      deps.onSkip('body_too_large');
      return explained(request, response, {
        ...rejection,
        verdict: { ...rejection.verdict, action: 'explain-retriable' },
      });
    }
    response.body.discard(new Error('the request is repeated with a new token'));
    deps.onRepeat(rejection.verdict);
    return { token };
  }

  function withoutRefresh(
    request: UpstreamRequest,
    response: UpstreamResponse,
    rejection: Rejection,
  ): Promise<Consequence> {
    request.exchange.rule = rejection.verdict.rule;
    skipped(rejection);
    const finish = rejection.verdict.action === 'pass' ? handedOn : explained;
    return finish(request, response, rejection);
  }

  /** The upstream's own answer it is; what is known to be wrong with the token is told to those who look after it. */
  async function handedOn(
    request: UpstreamRequest,
    response: UpstreamResponse,
    rejection: Rejection,
  ): Promise<Consequence> {
    const nowMs = deps.clock.nowMs();
    const findings = await findingsOf(rejection, policy, nowMs, 0);
    note(request, rejection, findings);
    if (findings.length > 0) deps.onFault(tokenFault(rejection, findings, policy, nowMs));
    return { answer: response };
  }

  function skipped({ verdict, facts }: Rejection): void {
    const reason = skipReason(verdict, facts.resent);
    if (reason !== undefined) deps.onSkip(reason);
  }

  /** Answers in the upstream's place, unless the route wants the upstream's own words. */
  async function explained(
    request: UpstreamRequest,
    response: UpstreamResponse,
    rejection: Rejection,
  ): Promise<Consequence> {
    const passing = policy.on401 === 'passthrough';
    const findings = await findingsOf(rejection, policy, deps.clock.nowMs(), passing ? 0 : undefined);
    note(request, rejection, findings);
    const fault = tokenFault(rejection, findings, policy, deps.clock.nowMs());
    if (rejection.verdict.action === 'explain') deps.onFault(fault);
    if (passing) return { answer: response };
    response.body.discard(fault);
    throw fault;
  }

  function note(
    request: UpstreamRequest,
    rejection: Rejection,
    [finding, ...more]: readonly Contradiction[] = [],
  ): void {
    const { verdict, facts, held } = rejection;
    request.exchange.trail ??= [];
    request.exchange.trail.push(trailStep(rejection, request.exchange.upstreamErrorCode));
    if (verdict.log === 'debug') return;
    const because = finding === undefined ? '' : `: ${finding.sentence} ${finding.cure}`;
    const fields = {
      event: 'challenge',
      route: policy.routeName,
      method: request.method,
      path: request.target.split('?', 1)[0],
      status: facts.status,
      code: request.exchange.upstreamErrorCode,
      class: verdict.class,
      rule: verdict.rule,
      action: verdict.action,
      attempt: facts.attempt,
      generation: held.generation,
      tokenSha256: held.sha256Prefix,
      ageMs: Math.round(facts.ageMs),
      remainingMs: facts.remainingMs === undefined ? undefined : Math.round(facts.remainingMs),
      findings: finding === undefined ? undefined : [finding, ...more].map(({ id }) => id),
    };
    const done = `the upstream answered 401: ${outcome[verdict.action]} (rule ${verdict.rule})`;
    deps.log[verdict.log](fields, `${done}${because}`);
  }
}

/** One attempt as it left. */
interface Sent {
  readonly attempt: 1 | 2;
  readonly held: HeldToken;
  readonly ageMs: number;
  readonly remainingMs: number | undefined;
}

const outcome: Readonly<Record<Verdict['action'], string>> = {
  pass: 'handing it on',
  explain: 'explaining it to the client',
  'explain-retriable': 'asking the client to send the request again',
  'refresh-and-repeat': 'refreshing the token and repeating the request',
  'repeat-with-current': 'repeating the request with the newer token',
};

/**
 * The first use of a token that replaced a rejected one was refused again (wire facts 5.1, `unhelpful`); later ones say nothing
 * new, and must not put the next refresh off for ever. A repeat is the table's own matter (M2).
 */
function isUnhelpful({ attempt, held }: Sent): boolean {
  return attempt === 1 && held.replacesRejected && !held.accepted && !held.refused;
}

/** How far the API's clock is ahead, by its answer; an answer out of a cache says nothing (RFC 9111 §5.1). */
function aheadMs(nowMs: number, { exchange }: UpstreamRequest, response: UpstreamResponse): number | undefined {
  if (fieldValues(response.rawHeaders, 'age').length > 0) return undefined;
  return skewFromDate(fieldValues(response.rawHeaders, 'date')[0], nowMs - exchange.upstreamMs, nowMs);
}

async function waitedFor(token: Promise<HeldToken>, { exchange }: UpstreamRequest): Promise<HeldToken> {
  const startedMs = performance.now();
  try {
    return await token;
  } finally {
    exchange.tokenMs += performance.now() - startedMs;
  }
}
