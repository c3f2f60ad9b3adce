import { foreignLine } from '../challenge/foreign-line.ts';
import type { TrailStep } from '../challenge/trail.ts';
import { trailWords } from '../challenge/trail.ts';
import { redact } from '../config/redaction.ts';
import type { FinishedExchange, SeenHeaders } from './exchanges.ts';
import type { Claims } from './token-history.ts';

/** An exchange in the list of /api/requests; times in milliseconds, the names are those of the access-log line. */
export interface ExchangeView {
  readonly requestId: string;
  /** ISO 8601, when it ended. */
  readonly at: string;
  /** null = it was answered before it had a route. */
  readonly route: string | null;
  readonly credential: string | null;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  /** There was a query; it is not kept. */
  readonly query: boolean;
  /** null = the client left before there was one. */
  readonly status: number | null;
  readonly aborted: boolean;
  readonly totalMs: number;
  /** null = nothing was sent upstream. */
  readonly upstreamMs: number | null;
  /** Waiting for a token. */
  readonly tokenMs: number;
  readonly attempts: number;
  /** Of the token that was sent last; null = none was. */
  readonly generation: number | null;
  /** What was decided about a 401, the last decision; null = there was none. */
  readonly decision: DecisionView | null;
  /** Code of an answer of bearerd's own. */
  readonly error: string | null;
}

/** The decision about a 401. */
export interface DecisionView {
  /** Row of the 401 table that ended or repeated the request. */
  readonly rule: string;
  /** The request was sent a second time. */
  readonly repeated: boolean;
  /** The upstream's code. */
  readonly code: string | null;
}

/** The answer of /api/requests/ID. */
export interface ExchangeDetail extends ExchangeView {
  /** The words of bearerd's own answer. */
  readonly detail: string | null;
  readonly action: string | null;
  /** Each decision about a 401, in order. */
  readonly trail: readonly StepView[];
  /** null = no page was open when it happened. */
  readonly headers: SeenHeaders | null;
  /** What was in the token that was sent last; null = none, or not remembered. */
  readonly token: Claims | null;
}

/** A decision in words. */
export interface StepView extends Omit<TrailStep, 'code' | 'remainingMs' | 'refreshFailure'> {
  readonly code: string | null;
  readonly remainingMs: number | null;
  readonly refreshFailure: string | null;
  /** Why, and what was done about it: two halves of a sentence. */
  readonly because: string;
  readonly done: string;
}

/** What the list shows of an exchange. */
export function exchangeView(exchange: FinishedExchange): ExchangeView {
  const { notes, status, error } = exchange;
  const attempts = notes?.attempts ?? 0;
  return {
    requestId: exchange.requestId,
    at: new Date(exchange.endedMs).toISOString(),
    route: exchange.route ?? null,
    credential: exchange.credential ?? null,
    method: exchange.method,
    path: foreignLine(redact(exchange.path), '', 1000),
    query: exchange.query,
    status: status === 0 ? null : status,
    aborted: exchange.aborted,
    totalMs: rounded(exchange.totalMs),
    upstreamMs: attempts === 0 ? null : rounded(notes?.upstreamMs ?? 0),
    tokenMs: rounded(notes?.tokenMs ?? 0),
    attempts,
    generation: notes?.generation ?? null,
    decision: decisionOf(exchange),
    error: error ?? null,
  };
}

/** Everything that is known of an exchange. */
export function exchangeDetail(exchange: FinishedExchange, token: Claims | undefined): ExchangeDetail {
  return {
    ...exchangeView(exchange),
    detail: exchange.detail === undefined ? null : redact(exchange.detail),
    action: exchange.action ?? null,
    trail: (exchange.notes?.trail ?? []).map(stepView),
    headers: exchange.headers === undefined ? null : redactedHeaders(exchange.headers),
    token: token ?? null,
  };
}

function decisionOf({ notes }: FinishedExchange): DecisionView | null {
  if (notes?.rule === undefined) return null;
  const repeated = notes.trail?.some(({ attempt }) => attempt === 2) ?? false;
  return { rule: notes.rule, repeated: repeated || notes.attempts > 1, code: notes.upstreamErrorCode ?? null };
}

function stepView(step: TrailStep): StepView {
  return {
    ...step,
    ...trailWords(step),
    code: step.code ?? null,
    ageMs: rounded(step.ageMs),
    remainingMs: step.remainingMs === undefined ? null : rounded(step.remainingMs),
    refreshFailure: step.refreshFailure === undefined ? null : redact(step.refreshFailure),
  };
}

function redactedHeaders({ request, response }: SeenHeaders): SeenHeaders {
  const clean = (fields: SeenHeaders['request']) => fields.map(([name, value]) => [name, redact(value)] as const);
  return { request: clean(request), response: clean(response) };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
