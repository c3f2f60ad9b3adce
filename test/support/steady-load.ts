import { Agent, request } from 'node:http';

/** What became of a steady stream of requests. */
export interface LoadResult {
  readonly sent: number;
  /** How often each status came; 0 = no answer. */
  readonly statuses: ReadonlyMap<number, number>;
  /** The first answers that were not 200, or why there was none. */
  readonly failures: readonly string[];
  /** Of the slowest answer. */
  readonly slowestMs: number;
}

/** Request header with the moment of sending, epoch milliseconds. */
export const sentAtHeader = 'x-sent-at';

/**
 * Sends GET requests at a steady rate, whether or not earlier ones have been answered, and waits for all answers.
 * @param isOver asked now and then: true ends the load before its time
 */
export async function steadyLoad(
  url: string,
  perSecond: number,
  durationMs: number,
  onAnswer: (status: number, sentEpochMs: number) => void = () => {},
  isOver: () => boolean = () => false,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  const statuses = new Map<number, number>();
  const failures: string[] = [];
  let slowestMs = 0;
  const answers: Promise<void>[] = [];
  const startedMs = performance.now();
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const elapsedMs = performance.now() - startedMs;
      const due = Math.floor((Math.min(elapsedMs, durationMs) / 1000) * perSecond);
      while (answers.length < due) answers.push(one());
      if (elapsedMs < durationMs && !isOver()) return;
      clearInterval(timer);
      resolve();
    }, 5);
  });
  await Promise.all(answers);
  agent.destroy();
  return { sent: answers.length, statuses, failures, slowestMs };

  async function one(): Promise<void> {
    const sentMs = performance.now();
    const sentEpochMs = Date.now();
    const [status, text] = await get(url, agent);
    slowestMs = Math.max(slowestMs, performance.now() - sentMs);
    onAnswer(status, sentEpochMs);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status !== 200 && failures.length < 3) failures.push(`${status} ${text}`);
  }
}

function get(url: string, agent: Agent): Promise<[status: number, text: string]> {
  return new Promise((resolve) => {
    const sent = request(
      url,
      { agent, timeout: 20_000, headers: { [sentAtHeader]: String(Date.now()) } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve([response.statusCode ?? 0, text]));
        response.on('error', (error) => resolve([0, error.message]));
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer within 20 s')));
    sent.on('error', (error) => resolve([0, error.message]));
    sent.end();
  });
}
