/** What bearerd has promised about its speed (the acceptance table): a ratio, and what it must and should not exceed. */
export interface Bar {
  readonly id: string;
  readonly measure: string;
  readonly must: number;
  readonly goal: number;
}

/** In the order of the report. Ratios of one run; less is better. */
export const bars = [
  {
    id: 'cpu-plugin',
    measure: 'CPU per request, 1 KB, 16 connections ÷ bare @fastify/http-proxy',
    must: 0.85,
    goal: 0.7,
  },
  { id: 'cpu-go', measure: 'the same ÷ Go ReverseProxy + oauth2 (tuned)', must: 1.25, goal: 1.0 },
  { id: 'cpu-log-go', measure: 'with access log ÷ the same Go proxy without one', must: 1.45, goal: 1.15 },
  { id: 'cpu-nginx', measure: 'CPU per request ÷ nginx with a fixed header', must: 3, goal: 2.4 },
  { id: 'connections', measure: 'CPU per request, 128 connections ÷ 16', must: 1.5, goal: 1.25 },
  { id: 'p50-go', measure: 'p50 added at 500 requests/s ÷ Go', must: 1.6, goal: 1.2 },
  { id: 'rotation', measure: 'p99 while tokens rotate ÷ while they do not', must: 1.5, goal: 1.1 },
  { id: 'mb-64k', measure: '64 KB downloads, CPU per MB ÷ node:http pipe', must: 1.3, goal: 0.9 },
  { id: 'mb-10m', measure: '10 MB downloads, CPU per MB ÷ node:http pipe', must: 1.3, goal: 0.9 },
  { id: 'mb-upload', measure: '1 MB upload, CPU per MB ÷ node:http pipe', must: 1.6, goal: 1.1 },
  { id: 'memory', measure: 'idle memory ÷ a bare node:http process', must: 2.0, goal: 1.6 },
  { id: 'start', measure: 'cold start to the first proxied 200 ÷ node:http pipe', must: 3, goal: 2.2 },
  { id: 'routes', measure: 'CPU per request, 1,000 routes and 100 credentials ÷ one', must: 1.15, goal: 1.03 },
  { id: 'tokens-cold', measure: 'token requests for 500 cold requests', must: 1, goal: 1 },
  { id: 'tokens-rotation', measure: 'token requests per rotation under load', must: 1, goal: 1 },
  { id: 'tokens-storm', measure: 'token requests for 500 answers 401 to one token', must: 1, goal: 1 },
] as const satisfies readonly Bar[];

/** One of the bars. */
export type BarId = (typeof bars)[number]['id'];

/** What a figure says of its bar. */
export function verdict({ must, goal }: Bar, ratio: number): 'goal' | 'must' | 'BROKEN' {
  if (ratio <= goal) return 'goal';
  return ratio <= must ? 'must' : 'BROKEN';
}
