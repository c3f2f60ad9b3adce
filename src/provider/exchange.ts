import { sendSingle } from '../net/single-request.ts';
import { TokenRequestError } from '../token/provider.ts';
import { currentTracing, type Tracing } from '../tracing/tracing.ts';
import { readAnswerBody } from './answer-body.ts';
import type { Line } from './connections.ts';
import { type Asked, abandoned, networkFailure, timedOut } from './network-failure.ts';
import type { TokenAnswer } from './token-answer.ts';

/** One HTTP request to an identity provider. */
export interface Exchange {
  /** What is asked, for messages. */
  readonly asked: Asked;
  /** Sent as written. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly line: Line;
  /** Milliseconds from the connection to the last byte. */
  readonly timeoutMs: number;
  /** Bytes that are read of the answer at most, compressed or not. */
  readonly bodyLimit: number;
}

/**
 * Sends one request and reads the whole answer; redirects are not followed (wire facts 4.1).
 * @throws TokenRequestError (transient) when no whole answer comes in time; answers of any status are returned.
 */
export function exchange(call: Exchange, signal: AbortSignal): Promise<TokenAnswer> {
  const tracing = currentTracing();
  return tracing === undefined ? exchanged(call, signal) : traced(tracing, call, signal);
}

/** With a span, a child of the request that caused it; the trace does not go to the identity provider. */
async function traced(tracing: Tracing, call: Exchange, signal: AbortSignal): Promise<TokenAnswer> {
  const { method, url } = call.asked;
  const { origin, pathname } = new URL(url);
  const span = tracing.client({ method, origin, target: pathname }, 0);
  try {
    const answer = await span.run(() => exchanged(call, signal));
    span.end(answer.status, answer.status < 400 ? undefined : String(answer.status));
    return answer;
  } catch (error) {
    span.end(0, error instanceof TokenRequestError ? error.failure.reason : 'error');
    throw error;
  }
}

async function exchanged(call: Exchange, signal: AbortSignal): Promise<TokenAnswer> {
  const { asked, timeoutMs, line } = call;
  const limit = new AbortController();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    limit.abort();
  }, timeoutMs);
  const abort = (): void => limit.abort();
  const givenUp = [signal, line.closed];
  for (const one of givenUp) {
    if (one.aborted) abort();
    one.addEventListener('abort', abort, { once: true });
  }
  try {
    return await send(call, limit.signal);
  } catch (cause) {
    if (cause instanceof TokenRequestError) throw cause;
    if (late) throw timedOut(asked, timeoutMs, cause);
    if (givenUp.some(({ aborted }) => aborted)) throw abandoned(asked, cause);
    throw networkFailure(asked, timeoutMs, cause);
  } finally {
    clearTimeout(timer);
    for (const one of givenUp) one.removeEventListener('abort', abort);
  }
}

/** On a connection of its own: requests are rare, a kept one would mostly be dead, and a POST on a dead one is lost. */
function send({ asked, url, headers, body, line, bodyLimit }: Exchange, signal: AbortSignal): Promise<TokenAnswer> {
  return sendSingle({ method: asked.method, url, headers, body }, line.connect, signal, async (answer) => {
    const read = await readAnswerBody(answer, answer.headers['content-encoding'], bodyLimit);
    return { status: answer.statusCode ?? 0, headers: answer.headers, ...read };
  });
}
