import type { Duplex } from 'node:stream';
import type { TrailStep } from '../challenge/trail.ts';
import type { OpenSpan } from '../tracing/tracing.ts';
import type { ReplayableBody } from './replayable-body.ts';
import type { ResponseBody } from './response-body.ts';

/** Facts about one request that the layers write down on its way; read by the access log and the metrics. */
export interface Exchange {
  /** Upstream attempts begun. */
  attempts: number;
  /** An old connection broke under an attempt; another old one may be as dead. */
  needsNewConnection: boolean;
  /** Generation of the last token sent; undefined = none was sent. */
  generation: number | undefined;
  /** Row of the 401 decision table that ended or repeated the request; undefined = no 401. */
  rule: string | undefined;
  /** The upstream's error code of the last 401. */
  upstreamErrorCode: string | undefined;
  /** Each decision about a 401, in order; undefined = no 401. */
  trail: TrailStep[] | undefined;
  /** Milliseconds spent waiting for a token. */
  tokenMs: number;
  /** Milliseconds from dispatch to the response head, summed over the attempts. */
  upstreamMs: number;
  /** The moment at which the head of the answer was there for the client, as performance.now() says it; 0 = not yet. */
  answeredMs: number;
  /** The span of the request, until it ends; undefined = nothing is traced. */
  span: OpenSpan | undefined;
}

/** The client's side of a request: whether somebody still waits for the answer. */
export interface Caller {
  /** The client has gone; nothing more may be begun for it. */
  gone: boolean;
  /** Set by the layer that has something to stop when the client goes. */
  onGone: (() => void) | undefined;
}

/** A request for the upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query exactly as they go on the wire. */
  readonly target: string;
  /** End-to-end fields, flat: name, value, name, value … */
  readonly headers: string[];
  /** The caller's own Authorization is among them. */
  readonly hasOwnAuthorization: boolean;
  readonly body: ReplayableBody | undefined;
  /** Values of the header field that names the subject, which is not among the headers; undefined = none is asked for. */
  readonly subject?: readonly string[];
  /** The request asks for a WebSocket. */
  readonly upgrade: boolean;
  readonly caller: Caller;
  readonly exchange: Exchange;
  /** Called for each informational answer (1xx) but 101; fields flat as received. */
  onInformation: ((status: number, rawHeaders: readonly string[]) => void) | undefined;
}

/** A response whose head is there; its body is still to come. */
export interface UpstreamResponse {
  readonly status: number;
  readonly statusMessage: string;
  /** Field lines as received, flat: name, value, name, value …; latin1. */
  readonly rawHeaders: readonly string[];
  readonly body: ResponseBody;
  /** The connection itself, after a 101. */
  readonly switched: Duplex | undefined;
}

/**
 * Sends a request and resolves when the response HEAD is there (Go's http.RoundTripper).
 * @throws BearerdError of the catalog, in the promise
 */
export type RoundTrip = (request: UpstreamRequest) => Promise<UpstreamResponse>;

/** Facts of a request that has not begun. */
export function newExchange(): Exchange {
  return {
    attempts: 0,
    needsNewConnection: false,
    generation: undefined,
    rule: undefined,
    upstreamErrorCode: undefined,
    trail: undefined,
    tokenMs: 0,
    upstreamMs: 0,
    answeredMs: 0,
    span: undefined,
  };
}
