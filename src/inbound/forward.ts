import type { ServerResponse } from 'node:http';
import { BearerdError, type ErrorCode } from '../errors.ts';
import type { Log } from '../log.ts';
import { type Caller, newExchange, type UpstreamRequest, type UpstreamResponse } from '../upstream/round-trip.ts';
import { recordEnding } from './access-line.ts';
import { type Arrival, type ArrivedRequest, answerProblem } from './arrival.ts';
import { type Audit, auditedPath, peerOf } from './audit-entry.ts';
import { breakOff } from './break-off.ts';
import { answerFields, deliver } from './deliver.ts';
import { passInformation } from './information.ts';
import { outgoingRequest } from './outgoing-request.ts';

/** What forwarding writes down. */
export interface ForwardDeps {
  readonly log: Log;
  /** One line per request. */
  readonly accessLog: boolean;
  /** One entry per decision; undefined = there is no audit log. */
  readonly audit: Audit | undefined;
}

/** Takes both connections over after a 101; calls `over` when they have ended. */
export type Switch = (answer: UpstreamResponse, fields: readonly string[], over: () => void) => void;

/**
 * Sends an arrived request to its upstream and the answer to the client; never throws.
 * @param switched takes over where the upstream answers 101 to an upgrade
 */
export function forward(
  request: ArrivedRequest,
  response: ServerResponse,
  arrival: Arrival,
  deps: ForwardDeps,
  switched?: Switch,
): void {
  const { route, requestId } = arrival;
  const exchange = newExchange();
  const caller: Caller = { gone: false, onGone: undefined };
  let ownAnswer: ErrorCode | undefined;
  let audited = deps.audit === undefined;
  response.on('close', () => {
    const aborted = !response.writableFinished;
    if (aborted) {
      caller.gone = true;
      caller.onGone?.();
    }
    ended(response.headersSent ? response.statusCode : 0, aborted);
  });
  let upstream: UpstreamRequest | undefined;
  try {
    upstream = outgoingRequest(request, arrival, caller, exchange);
    upstream.onInformation = (status, fields) => passInformation(request, response, status, fields);
    const own = route.authorization === 'keep' && request.headers.authorization !== undefined;
    const send = own ? route.plain : route.authenticated;
    send(upstream).then(answered.bind(undefined, upstream), refuse);
  } catch (error) {
    refuse(error);
  }

  function answered(sent: UpstreamRequest, answer: UpstreamResponse): void {
    exchange.answeredMs = performance.now();
    try {
      if (answer.switched === undefined) deliver(request, response, arrival, sent, answer);
      else switched?.(answer, answerFields(request, arrival, answer, false), () => ended(answer.status, false));
      decided(answer.status, answer.status);
    } catch (error) {
      refuse(error);
    }
  }

  /** As soon as the answer is known, because its body may take hours; the first word counts. */
  function decided(status: number | undefined, upstreamStatus: number | undefined): void {
    if (audited) return;
    audited = true;
    deps.audit?.record({
      listener: arrival.listener,
      peer: peerOf(request.socket),
      requestId,
      method: request.method,
      path: auditedPath(arrival.pathQuery),
      route: route.name,
      decision: 'allowed',
      error: ownAnswer,
      status,
      upstreamStatus,
      generation: exchange.generation,
    });
  }

  function ended(status: number, aborted: boolean): void {
    decided(status === 0 ? undefined : status, undefined);
    const log = deps.accessLog ? deps.log : undefined;
    recordEnding(arrival, exchange, { method: request.method ?? '', status, aborted, error: ownAnswer }, log);
  }

  function refuse(error: unknown): void {
    if (caller.gone) return;
    upstream?.body?.abandon();
    if (response.headersSent) {
      breakOff(response.socket);
      return;
    }
    const problem = known(error);
    ownAnswer = problem.code;
    exchange.answeredMs = performance.now();
    decided(problem.entry.status, problem.occurrence.upstreamStatus);
    answerProblem(request, response, problem, requestId);
  }

  function known(error: unknown): BearerdError {
    if (error instanceof BearerdError) return error;
    deps.log.error({ event: 'internal_error', requestId, err: error }, 'a request failed for a reason of our own');
    return new BearerdError('BEARERD_INTERNAL', 'the request could not be handled', { cause: error });
  }
}
