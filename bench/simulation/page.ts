/** The rows that a simulation makes. */
export interface SimulatedRows {
  readonly fleets: readonly string[];
  readonly outages: readonly string[];
}

/** What is copied from docs/performance.md, by the first cell of its row. */
const ratios = [
  ['CPU per request, 1 KB, 16 connections ÷ bare @fastify/http-proxy', 'CPU per request ÷ bare @fastify/http-proxy'],
  ['the same ÷ Go ReverseProxy + oauth2 (tuned)', 'CPU per request ÷ Go ReverseProxy + oauth2'],
  ['CPU per request ÷ nginx with a fixed header', 'CPU per request ÷ nginx with a fixed header'],
  ['CPU per request, 128 connections ÷ 16', 'CPU per request with 128 connections ÷ with 16'],
  ['CPU per request, 1,000 routes and 100 credentials ÷ one', 'CPU per request with 1,000 routes ÷ with one'],
  ['idle memory ÷ a bare node:http process', 'idle memory ÷ a bare node:http process'],
] as const;

/** The rows that an earlier docs/scaling.md has. */
export function rowsOf(page: string): SimulatedRows {
  const rows = page.split('\n').filter((line) => /^\| [\d,]+ \|/.test(line));
  const isOutage = (row: string): boolean => / min \|/.test(row);
  return { fleets: rows.filter((row) => !isOutage(row)), outages: rows.filter(isOutage) };
}

/** docs/scaling.md. @param performance the text of docs/performance.md, for its ratios */
export function scalingPage({ fleets, outages }: SimulatedRows, performance: string): string {
  return `# Scaling

What one process carries, how often a fleet asks its identity provider, and what happens when that is down. The tables of
fleets are written by \`npm run simulate\`, the ratios are those of [performance.md](performance.md).

## One process

bearerd runs on one core. What a request costs there depends on the machine; the ratios carry over:

| | measured |
| --- | ---: |
${ratios.map(([there, here]) => `| ${here} | ${measured(performance, there)} |`).join('\n')}

Measure the processor time of a request on your machine (\`npm run bench -- --quick\`, or \`process_cpu_seconds_total\` ÷
\`bearerd_requests_total\` of a process at work) and leave a third of the core free: at 200 µs one process carries about
3,300 requests a second. What it carries at a time is bounded too: \`limits.upstreamConnections\` (256) ÷ the time that the API
takes is the most per second on HTTP/1.1, 1,280 requests at 200 ms; beyond that \`limits.queue\` waits, and then callers get 503.
A sidecar or a process on each machine does not come near to that. For more, start more processes, each on its own address.

## A fleet

Every process asks for its own tokens unless they share a cache ([token-cache.md](token-cache.md)). A token is renewed by the first
request after 75 to 80 % of its life, chosen at random for each token, so a process with traffic asks about 1.3 times in each
life, whatever the traffic is, and processes that started together do not ask in step for long. With the cache the whole fleet
asks as one process does.

Simulated with tokens of one hour; all replicas start within a minute, and each gets a request every 30 s on average:

| replicas | token requests per hour | most in a second of the start | per hour, shared cache | in a second of the start, shared cache |
| ---: | ---: | ---: | ---: | ---: |
${fleets.join('\n')}

Tokens that live a quarter of an hour take four times as many requests, and so on. \`maxTokenRequests\` bounds what one process
may ask.

## When the identity provider is down

Nothing happens until tokens run out: they are renewed from three quarters of their life on, so the callers of a process with
traffic see nothing of an outage that is shorter than a fifth of a token's life. A process that starts meanwhile has no token,
unless a shared cache has one. After that each request that finds no token is 503 with \`Retry-After\`. A
process asks again at most once in 1 s, then 2 s, up to 15 s (less a quarter at random), and only when a request comes.

Simulated as above, token requests answered with 503 after 200 ms. The outage begins at the worst moment: all tokens are 44
minutes old, and the first would have been renewed a minute later. "Asked" is how many token requests a second the
identity provider sees in the last minute of the outage, "after" the most in a second when it is back.

| replicas | outage | failed | asked | after | longest wait | failed, shared | asked, shared | after, shared | longest wait, shared |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${outages.join('\n')}

- The shared cache does not shorten an outage and hardly spares the identity provider during one: a failure is remembered by
  each process, not by the fleet. A request may wait for its turn, at most the 15 s after which a process asks by itself.
- Many requests per replica change nothing about "asked" beyond one per 11 to 15 s and replica, because the back-off is that of
  the process, not of the request.
- Longer lives of tokens are the cure: an outage of half an hour is not seen with tokens of three hours.

## How it is simulated

\`bench/simulation\` runs the token source of bearerd (expiry, refresh ahead, back-off, single flight) once per replica on a clock
that jumps from event to event, with a fixed seed: the same figures every time. The shared cache is a model with the rules and
waits of the real one, without encryption and network. A test runs the small fleets again and compares them with this page.
`;
}

function measured(performance: string, label: string): string {
  const row = performance.split('\n').find((line) => line.startsWith(`| ${label} |`));
  if (row === undefined) throw new Error(`docs/performance.md has no row '${label}'`);
  return row.split('|')[2]?.trim() ?? '';
}
