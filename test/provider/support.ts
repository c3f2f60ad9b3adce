import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/clock.ts';
import { formatProblem, type Input, type ParseContext } from '../../src/config/input.ts';
import type { Lint, ProviderContext, ProviderDefinition } from '../../src/config/provider-definition.ts';
import { invalid } from '../../src/config/shape.ts';
import type { Log } from '../../src/log.ts';
import type { AccessToken } from '../../src/token/access-token.ts';
import { type TokenProvider, TokenRequestError } from '../../src/token/provider.ts';

/** A request as it reached a token endpoint. */
export interface Seen {
  readonly method: string | undefined;
  readonly target: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A token endpoint on loopback that remembers what it was asked. */
export interface Endpoint {
  readonly url: string;
  readonly origin: string;
  readonly seen: Seen[];
  readonly last: () => Seen;
}

/** The part of a tap test that ends what a test started. */
interface Teardown {
  readonly teardown: (fn: () => void) => void;
}

/** What a token endpoint says when nothing is wrong. */
export function goodToken(response: ServerResponse): void {
  response
    .setHeader('content-type', 'application/json')
    .end('{"access_token":"tok-1","token_type":"Bearer","expires_in":60}');
}

/** Starts a token endpoint that has read the whole request before it answers. */
export async function startEndpoint(
  t: Teardown,
  answer: (response: ServerResponse, request: IncomingMessage) => void = goodToken,
): Promise<Endpoint> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    // Tests that move the clock would be seen as skew; those about skew set the field themselves.
    response.sendDate = false;
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: target, headers } = request;
      seen.push({ method, target, headers, body: Buffer.concat(chunks).toString('utf8') });
      answer(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  return {
    url: `${origin}/token`,
    origin,
    seen,
    last() {
      const request = seen.at(-1);
      if (request === undefined) throw new Error('the endpoint was not asked');
      return request;
    },
  };
}

/** A line of the log. */
export interface Line {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A provider context whose log is kept, at level trace. */
export function testContext(
  given: { clock?: Clock; upstreams?: readonly string[]; wantsJwt?: boolean } = {},
): ProviderContext & { readonly lines: Line[] } {
  const lines: Line[] = [];
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push({ level, fields, message });
    };
  const log: Log = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  return {
    clock: given.clock ?? { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
    log,
    lines,
    upstreams: given.upstreams ?? [],
    wantsJwt: given.wantsJwt ?? false,
  };
}

/** Options as the configuration gives them, and every problem that would stop a start. */
export function configure<O>(
  definition: ProviderDefinition<O>,
  written: Readonly<Record<string, unknown>>,
  upstreams: readonly string[] = [],
): { readonly options: O | undefined; readonly problems: readonly string[]; readonly lints: readonly Lint[] } {
  const context: ParseContext = { env: {}, cwd: '/', problems: [] };
  const options = definition.schema.parse(inputOf(written), '', context);
  const problems = context.problems.filter(({ severity }) => severity === 'error').map(formatProblem);
  if (options === invalid) return { options: undefined, problems, lints: [] };
  return { options, problems, lints: definition.lint?.(options, { upstreams }) ?? [] };
}

/** A provider from options as one would write them. */
export function make<O>(
  definition: ProviderDefinition<O>,
  written: Readonly<Record<string, unknown>>,
  context: ProviderContext = testContext(),
): TokenProvider {
  const { options, problems, lints } = configure(definition, written, context.upstreams);
  const errors = [...problems, ...lints.filter(({ severity }) => severity === 'error').map(({ problem }) => problem)];
  if (options === undefined || errors.length > 0) throw new Error(errors.join('\n'));
  return definition.create(options, context);
}

/** One token. */
export function obtain(
  provider: TokenProvider,
  signal: AbortSignal = new AbortController().signal,
): Promise<AccessToken> {
  return provider.requestToken(signal);
}

/** The failure of one token request. */
export async function refused(provider: TokenProvider, signal?: AbortSignal): Promise<TokenRequestError> {
  try {
    await obtain(provider, signal);
  } catch (error) {
    if (error instanceof TokenRequestError) return error;
    throw error;
  }
  throw new Error('a token was obtained');
}

function inputOf(value: unknown): Input {
  const origin = { kind: 'none' } as const;
  if (Array.isArray(value)) return { kind: 'list', origin, items: value.map(inputOf) };
  if (typeof value === 'object' && value !== null) {
    return {
      kind: 'map',
      origin,
      entries: new Map(Object.entries(value).map(([key, one]) => [key, { key: origin, value: inputOf(one) }])),
    };
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new TypeError('not a configuration value');
  }
  return { kind: 'scalar', origin, value, shown: String(value), loose: false };
}
