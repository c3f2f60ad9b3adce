import type { ServerResponse } from 'node:http';
import type { SeenHeaders } from '../admin/exchanges.ts';
import { BearerdError } from '../errors.ts';
import { type Caller, newExchange, type UpstreamRequest, type UpstreamResponse } from '../upstream/round-trip.ts';
import { type Records, recordEnding } from './access-line.ts';
import { type Arrival, type ArrivedRequest, answerProblem } from './arrival.ts';
import { auditedPath, peerOf } from './audit-entry.ts';
import { breakOff } from './break-off.ts';
import { answerFields, deliver } from './deliver.ts';
import { seenHeaders } from './header-view.ts';
import { passInformation } from './information.ts';
import { outgoingRequest } from './outgoing-request.ts';
import { endRequestSpan, requestSpan } from './request-span.ts';

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
  records: Records,
  switched?: Switch,
): void {
  const { route, requestId } = arrival;
  const exchange = newExchange();
  const caller: Caller = { gone: false, onGone: undefined };
  let ownAnswer: BearerdError | undefined;
  let headers: SeenHeaders | undefined;
  let audited = records.audit === undefined;
  let bodyless = false;
  response.on('close', () => {
    const aborted = !response.writableFinished;
    if (aborted) {
      caller.gone = true;
      caller.onGone?.();
    }
    ended(response.headersSent ? response.statusCode : 0, aborted);
    if (bodyless) request.readNothing();
  });
  let upstream: UpstreamRequest | undefined;
  try {
    if (records.tracing !== undefined) exchange.span = requestSpan(records.tracing, request, arrival);
    upstream = outgoingRequest(request, arrival, caller, exchange);
    bodyless = upstream.body === undefined && !arrival.upgrade;
    if (bodyless) request.readNothing();
    upstream.onInformation = (status, fields) => passInformation(request, response, status, fields);
    const send = upstream.hasOwnAuthorization ? route.plain : route.authenticated;
    const { span } = exchange;
    const sent = span === undefined ? send(upstream) : span.run(send.bind(undefined, upstream));
    sent.then(answered.bind(undefined, upstream), refuse);
  } catch (error) {
    refuse(error);
  }

  function answered(sent: UpstreamRequest, answer: UpstreamResponse): void {
    exchange.answeredMs = performance.now();
    if (records.exchanges?.watched) headers = seenHeaders(sent.headers, answer.rawHeaders, exchange.generation);
    try {
      if (answer.switched === undefined) deliver(request, response, arrival, sent, answer);
      else switched?.(answer, answerFields(request, arrival, answer, false), () => ended(answer.status, false));
      decided(answer.status, answer.status);
    } catch (error) {
      // what comes of it yet is nobody's, and would keep its connection
      answer.body.discard(new Error('the answer could not be passed on'));
      refuse(error);
    }
  }

  /** As soon as the answer is known, because its body may take hours; the first word counts. */
  function decided(status: number | undefined, upstreamStatus: number | undefined): void {
    if (audited) return;
    audited = true;
    records.audit?.record({
      listener: arrival.listener,
      peer: peerOf(request.socket),
      requestId,
      method: request.method,
      path: auditedPath(arrival.pathQuery),
      route: route.name,
      decision: 'allowed',
      error: ownAnswer?.code,
      status,
      upstreamStatus,
      generation: exchange.generation,
    });
  }

  function ended(status: number, aborted: boolean): void {
    if (exchange.span !== undefined) {
      endRequestSpan(exchange.span, exchange, status, aborted, ownAnswer);
      // the exchange is kept for the status page, the span is not
      exchange.span = undefined;
    }
    decided(status === 0 ? undefined : status, undefined);
    recordEnding(
      arrival,
      exchange,
      { method: request.method ?? '', status, aborted, error: ownAnswer, headers },
      records,
    );
  }

  function refuse(error: unknown): void {
    if (caller.gone) return;
    upstream?.body?.abandon();
    if (response.headersSent) {
      breakOff(response);
      return;
    }
    const problem = known(error);
    ownAnswer = problem;
    exchange.answeredMs = performance.now();
    if (records.exchanges?.watched && upstream !== undefined) {
      headers = seenHeaders(upstream.headers, [], exchange.generation);
    }
    decided(problem.entry.status, problem.occurrence.upstreamStatus);
    answerProblem(request, response, problem, requestId);
  }

  function known(error: unknown): BearerdError {
    if (error instanceof BearerdError) return error;
    records.log.error({ event: 'internal_error', requestId, err: error }, 'a request failed for a reason of our own');
    return new BearerdError('BEARERD_INTERNAL', 'the request could not be handled', { cause: error });
  }
}
