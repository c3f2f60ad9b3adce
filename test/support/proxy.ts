import { type App, type AppDeps, buildApp } from '../../src/app.ts';
import { systemClock } from '../../src/clock.ts';
import type { Config, RouteConfig } from '../../src/config/config.ts';
import { createLog } from '../../src/log.ts';
import type { AccessToken } from '../../src/token/access-token.ts';
import type { TokenProvider } from '../../src/token/provider.ts';
import { MemoryStream } from './memory-stream.ts';

/** A proxy in this process, with a provider that counts. */
export interface TestProxy {
  readonly url: string;
  /** Every address, in the order of the configuration. */
  readonly urls: readonly string[];
  readonly port: number;
  readonly adminUrl: string;
  readonly tokens: CountingProvider;
  readonly output: MemoryStream;
  readonly app: App;
  readonly config: Config;
  readonly stop: () => Promise<void>;
}

/** Hands out token1, token2, … and remembers how many requests were in flight at most. */
export class CountingProvider implements TokenProvider {
  count = 0;
  inFlight = 0;
  mostInFlight = 0;
  /** Replaces the answer of the n-th token request (from 1). */
  answer: (n: number) => Promise<Partial<AccessToken>> = async () => ({});

  readonly requestToken = async (): Promise<AccessToken> => {
    this.count += 1;
    const n = this.count;
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    const requestedAtMs = Date.now();
    try {
      const answer = await this.answer(n);
      return { value: `token${n}`, requestedAtMs, lifetimeMs: 3_600_000, lifetimeSource: 'expires_in', ...answer };
    } finally {
      this.inFlight -= 1;
    }
  };
}

/** What a test may change of the one route and the rest. */
export interface ProxyOptions {
  readonly route?: Partial<RouteConfig>;
  readonly limits?: Partial<Config['limits']>;
  readonly config?: Partial<Config>;
  readonly provider?: CountingProvider;
  readonly deps?: Partial<AppDeps>;
}

/** Starts the app on a free port before one upstream; the token is asked for by the first request. */
export async function startProxy(upstream: string, options: ProxyOptions = {}): Promise<TestProxy> {
  const tokens = options.provider ?? new CountingProvider();
  const output = new MemoryStream();
  const log = await createLog({ level: 'trace', format: 'json', color: false, stream: output, redact: (line) => line });
  const config: Config = {
    listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
    admin: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    adminChosen: true,
    log: { level: 'trace', format: 'json', access: true },
    drainTimeout: 2_000,
    limits: {
      headersTimeout: 10_000,
      headersSize: 16 * 1024,
      headersCount: 200,
      connections: 10_000,
      upstreamConnections: 256,
      queue: 1000,
      ...options.limits,
    },
    guard: { allowedHosts: ['localhost', '127.0.0.1', '[::1]'], allowedOrigins: [] },
    tokens: { eager: false, cache: { kind: 'memory' } },
    routes: [{ ...defaultRoute, upstream, ...options.route }],
    credentials: [{ name: 'test', kind: 'counting', fingerprint: 'test', create: () => tokens }],
    ...options.config,
  };
  const app = await buildApp(config, { clock: systemClock, random: () => 0.5, log, ...options.deps });
  const { proxy, admin } = await app.start();
  const url = proxy[0]?.url ?? '';
  return {
    url,
    urls: proxy.map((address) => address.url),
    port: Number(new URL(url).port),
    adminUrl: admin ?? '',
    tokens,
    output,
    app,
    config,
    stop: async () => {
      await app.stop();
      log.flush();
    },
  };
}

/** A route as the configuration would make it, preset collibra. */
export const defaultRoute: Omit<RouteConfig, 'upstream'> = {
  name: 'api',
  listen: undefined,
  websocket: true,
  path: '/',
  preset: 'collibra',
  credential: 'test',
  authorization: 'replace',
  on401: 'explain',
  challenge: [],
  replay: { maxBody: 1024 * 1024 },
  timeouts: { connect: 2_000, headers: 5_000, idle: 5_000 },
  tls: { ca: undefined },
  insecureHttp: false,
  probe: undefined,
  headers: { set: {}, remove: [] },
  cookies: 'rewrite',
};
