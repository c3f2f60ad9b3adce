import { IncomingMessage, type ServerResponse } from 'node:http';
import type { BearerdError } from '../errors.ts';
import { lingerBeforeClose } from './linger.ts';
import { problemOf } from './problem.ts';
import type { Route } from './route.ts';

/** What the listener has found out about a request before Fastify sees it. */
export interface Arrival {
  readonly requestId: string;
  /** URL of the listener that it came in on. */
  readonly listener: string;
  readonly route: Route;
  /** Path and query as they came, behind scheme and authority. */
  readonly pathQuery: string;
  /** Host and port of an absolute-form target; undefined = Host says it. */
  readonly authority: string | undefined;
  /** What the client speaks to the listener. */
  readonly scheme: 'http' | 'https';
  /** CORS fields for the answer to an allowed foreign origin, flat. */
  readonly cors: readonly string[];
  readonly startedMs: number;
  /** A WebSocket is asked for. */
  readonly upgrade: boolean;
}

/** Node's request with our findings on it; a property costs less than a look-up in a WeakMap. */
export class ArrivedRequest extends IncomingMessage {
  arrival: Arrival | undefined;
  /** The answer ends the connection: whatever the client sends behind this request is not looked at. */
  closing = false;
  /** The request before, whose answer this one's waits for; undefined once it is its turn. */
  behind: ServerResponse<ArrivedRequest> | undefined;

  /**
   * Reads on where there is no body. Before the end has come this takes the request over from Node, which would pull at it behind the
   * answer, by resume(), in twice as many turns of process.nextTick (docs/decisions/0001-data-path.md); behind it, it ends the request.
   */
  readNothing(): void {
    if (!this.readableEnded) this.read();
  }
}

/**
 * Answers in the words of the catalog; ends the connection where the request body has not been read.
 * @param cors fields for a page that may call, so that it can read what went wrong, flat
 */
export function answerProblem(
  request: ArrivedRequest,
  response: ServerResponse,
  error: BearerdError,
  requestId: string,
  cors: readonly string[] = request.arrival?.cors ?? [],
): void {
  // behind the router the URL is no longer the client's
  const instance = request.arrival?.pathQuery ?? request.url ?? '';
  const problem = problemOf(error, { requestId, method: request.method ?? '', instance });
  problem.headers.push(...cors);
  if (!request.complete) {
    if (!problem.headers.includes('Connection')) problem.headers.push('Connection', 'close');
    lingerBeforeClose(request.socket);
    request.resume();
  }
  request.closing ||= problem.headers.includes('Connection');
  response.writeHead(problem.status, problem.headers);
  response.end(problem.body);
}
