import type { Test } from 'tap';
import type { Dispatcher } from 'undici';

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly text: string;
}

/** Reads an answer to its end. */
export async function read(answer: Dispatcher.ResponseData): Promise<Answer> {
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

/** Checks that an answer is a problem of the catalog with all that interface section 5 promises. */
export function isProblem(
  t: Test,
  answer: Answer,
  expected: { readonly status: number; readonly code: string; readonly proxyStatus: string },
  what: string,
): void {
  t.equal(answer.status, expected.status, `${what}: status, ${answer.text.slice(0, 300)}`);
  t.equal(answer.headers['content-type'], 'application/problem+json', `${what}: media type`);
  t.equal(answer.headers['cache-control'], 'no-store', `${what}: not stored`);
  t.match(String(answer.headers['proxy-status']), `error=${expected.proxyStatus}`, `${what}: Proxy-Status`);
  const problem = JSON.parse(answer.text) as Record<string, unknown>;
  t.equal(problem['code'], expected.code, `${what}: code`);
  t.equal(problem['status'], expected.status, `${what}: status in the body`);
  for (const name of ['type', 'title', 'detail', 'action', 'requestId']) {
    t.ok(typeof problem[name] === 'string' && problem[name] !== '', `${what}: ${name}`);
  }
  t.equal(typeof problem['retryable'], 'boolean', `${what}: retryable`);
  t.equal(answer.headers['retry-after'] !== undefined, expected.status === 503, `${what}: Retry-After with 503 only`);
}
