import { createHash } from 'node:crypto';
import type { Emulator } from '../emulator/emulator.ts';
import type { Exchange } from '../emulator/traffic.ts';
import { type TourRequest, type TourStep, tour } from './demo-steps.ts';
import type { DemoProxy, DemoWorld } from './demo-world.ts';

/** An answer as the caller of the proxy got it. */
interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** What was seen of one step. */
interface Seen {
  readonly reply: Reply;
  readonly api: readonly Exchange[];
  readonly tokenRequests: readonly Exchange[];
}

/**
 * Walks through every step over HTTP and compares what is seen with what is documented.
 * @param print gets each line of the account.
 * @returns how many steps, or the closing checks, did not come out as documented.
 */
export async function runTour(world: DemoWorld, proxy: DemoProxy, print: (line: string) => void): Promise<number> {
  const startedMs = performance.now();
  let failed = 0;
  for (const [at, step] of tour.entries()) {
    const problems = await walk(step, at + 1, world, proxy, print);
    if (problems > 0) failed += 1;
  }
  const expired = world.collibra.stats().expiredTokenRequests + world.collaborate.stats().expiredTokenRequests;
  if (expired > 0) failed += 1;
  print(`${expired === 0 ? 'OK    ' : 'NOT OK'}  No request carried an expired token (${expired} did)`);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  print(
    failed === 0
      ? `All ${tour.length} steps came out as documented, in ${seconds} s.`
      : `${failed} did NOT come out as documented.`,
  );
  return failed;
}

async function walk(
  step: TourStep,
  number: number,
  world: DemoWorld,
  proxy: DemoProxy,
  print: (line: string) => void,
): Promise<number> {
  const problems: string[] = [];
  const { method, body, route } = step.request;
  const size = body === undefined ? '' : `, ${body.length} bytes`;
  const lines = [
    row('documented', step.documented),
    row('sent', `${method} ${urlOf(step.request, world, proxy)}${size}, no Authorization header`),
  ];
  try {
    await step.before?.(world, (request) => send(request, world, proxy));
    const seen = await observe(step.request, world, proxy);
    const issuer = route === 'collaborate' ? 'Collaborate saw' : 'IdP saw';
    const rows = (label: string, exchanges: readonly Exchange[], none: string): string[] =>
      exchanges.length === 0 ? [row(label, none)] : exchanges.map((exchange) => row(label, shown(exchange)));
    lines.push(...rows(issuer, seen.tokenRequests, 'no token request'), ...rows('API saw', seen.api, 'nothing'));
    lines.push(...answerRows(seen.reply));
    problems.push(...differences(step, seen));
  } catch (error) {
    problems.push(`the request failed: ${reason(error)}`);
  }
  await step.after?.(world);
  print(`${problems.length === 0 ? 'OK    ' : 'NOT OK'}  ${number}. ${step.title}`);
  for (const line of [...lines, ...problems.map((one) => row('NOT OK', one))]) print(line);
  return problems.length;
}

async function observe(request: TourRequest, world: DemoWorld, proxy: DemoProxy): Promise<Seen> {
  const direct = request.route === 'collaborate';
  const [api, issuer]: [Emulator, Emulator] = direct
    ? [world.collaborate, world.collaborate]
    : [world.collibra, world.idp];
  const before = [api.stats().requests, issuer.stats().requests] as const;
  const reply = await send(request, world, proxy);
  const isToken = ({ path }: Exchange): boolean => path.endsWith('/token');
  return {
    reply,
    api: since(api, before[0]).filter((exchange) => !isToken(exchange)),
    tokenRequests: since(issuer, before[1]).filter(isToken),
  };
}

function since(emulator: Emulator, requests: number): readonly Exchange[] {
  const stats = emulator.stats();
  return stats.requests === requests ? [] : stats.recent.slice(requests - stats.requests);
}

function urlOf({ route, path }: TourRequest, world: DemoWorld, proxy: DemoProxy): string {
  const prefix = world.routes.find(({ name }) => name === route)?.path ?? '/';
  return proxy.url + (prefix === '/' ? '' : prefix) + path;
}

async function send(request: TourRequest, world: DemoWorld, proxy: DemoProxy): Promise<Reply> {
  const { method, body } = request;
  const response = await fetch(urlOf(request, world, proxy), {
    method,
    signal: AbortSignal.timeout(8_000),
    redirect: 'manual',
    ...(body === undefined ? {} : { body, headers: { 'Content-Type': 'application/json' } }),
  });
  return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() };
}

/** Compares what was seen with what is documented; each difference is one sentence. */
function differences({ request, promised }: TourStep, { reply, api, tokenRequests }: Seen): string[] {
  const found: string[] = [];
  const compare = (what: string, documented: unknown, seen: unknown): void => {
    if (documented !== seen) found.push(`${what}: documented ${documented}, seen ${seen}`);
  };
  compare('status', promised.status, reply.status);
  compare('what the API answered', promised.api.join(', ') || 'nothing', api.map(outcome).join(', ') || 'nothing');
  compare('token requests', promised.tokenRequests, tokenRequests.length);
  const problem = reply.type.startsWith('application/problem+json') ? members(reply.text) : undefined;
  compare('code of the answer', promised.problem?.code, problem?.['code']);
  compare('upstreamErrorCode of the answer', promised.problem?.upstreamErrorCode, problem?.['upstreamErrorCode']);
  if (promised.words !== undefined && !reply.text.includes(promised.words))
    found.push(`"${promised.words}" is not in the answer`);
  // Every JWT begins so: the base64url form of {".
  if (/eyJ[\w-]+\./.test(reply.text)) found.push('the answer contains a token');
  if (request.body !== undefined) {
    const sha256 = createHash('sha256').update(request.body).digest('hex');
    for (const exchange of api) compare('sha256 of the body that the API got', sha256, exchange.bodySha256);
  }
  return found;
}

function outcome({ status, errorCode }: Exchange): string {
  return [status ?? 'closed', errorCode].filter((part) => part !== undefined).join(' ');
}

function shown(exchange: Exchange): string {
  const size = exchange.bodyBytes > 0 && !exchange.path.endsWith('/token') ? ` (${exchange.bodyBytes} bytes)` : '';
  return `${exchange.method} ${exchange.path}${size} → ${outcome(exchange)}`;
}

function answerRows({ status, type, text }: Reply): string[] {
  const { code, detail, action } = members(text);
  const own = type.startsWith('application/problem+json');
  if (!own) return [row('came back', `${status}, ${text.length} bytes of ${type || 'no type'}`)];
  return [row('came back', `${status} ${code}`), row('', String(detail)), row('', String(action))];
}

function row(label: string, text: string): string {
  return `        ${label.padEnd(17)}${text}`;
}

function members(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
