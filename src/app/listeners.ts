import type { Exchanges } from '../admin/exchanges.ts';
import type { Config } from '../config/config.ts';
import { describeAddress } from '../config/listen-address.ts';
import { openAddress, originsOf } from '../inbound/address.ts';
import type { Audit } from '../inbound/audit-entry.ts';
import { Listener, type ListenerOptions } from '../inbound/listener.ts';
import type { LocalKey } from '../inbound/local-key.ts';
import type { Route } from '../inbound/route.ts';
import type { RouteTable } from '../inbound/route-table.ts';
import type { ServerTls } from '../net/server-tls.ts';
import { isAudited } from './audit-target.ts';
import { checkOpenDescriptor, checkSameKind, serverTlsOf } from './listen-checks.ts';
import type { BuiltRoutes } from './routes.ts';

/** One address of the proxy, and the routes that are served there. */
export interface ProxyAddress {
  /** http://127.0.0.1:8080, https:// with TLS, or unix:/path. */
  readonly url: string;
  readonly routes: readonly string[];
}

/** What the listeners serve. */
export interface Served {
  readonly config: Config;
  readonly routes: BuiltRoutes;
  /** What callers have to send; undefined = nothing. */
  readonly localKey: LocalKey | undefined;
}

/** What every listener has. */
interface Shared extends Pick<ListenerOptions, 'log' | 'tally' | 'tracing' | 'newRequestId'> {
  /** Used where the configuration asks for an audit log. */
  readonly audit: Audit;
  /** Used where there is an admin listener. */
  readonly exchanges: Exchanges;
}

/** A listener that is open. */
interface OpenListener {
  readonly listener: Listener;
  readonly url: string;
  /** Its certificate; undefined = plain HTTP. */
  tls: ServerTls | undefined;
  /** The certificate of the configuration that is about to come into force. */
  next: ServerTls | undefined;
  /** It has been given something to serve by the configuration in force. */
  served: boolean;
}

/** The proxy's listeners, one per address; those that a new configuration keeps stay open. */
export class Listeners {
  readonly #shared: Shared;
  readonly #open = new Map<string, OpenListener>();
  readonly #leaving = new Map<Listener, Promise<void>>();

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Opens the addresses that are not open yet; when one fails, those opened by this call are closed again. @throws BearerdError BEARERD_LISTEN */
  async open(next: Served): Promise<readonly ProxyAddress[]> {
    try {
      for (const [key, { address, table }] of next.routes.served) {
        const tls = await serverTlsOf(address);
        const open = this.#open.get(key);
        if (open !== undefined) {
          checkSameKind(open.tls, tls, describeAddress(address));
          open.next = tls;
          continue;
        }
        const listener = await Listener.create(this.#options(next, table, tls));
        const { url } = await openAddress(listener.server, address, false);
        this.#open.set(key, { listener, url, tls, next: tls, served: false });
        if (address.kind === 'fd') checkOpenDescriptor(url, address.fd, next.config.guard.allowedHosts);
        listener.ownOrigins = originsOf({ url });
        listener.url = url;
      }
    } catch (error) {
      await this.closeUnserved();
      throw error;
    }
    return [...next.routes.served].map(([key, { table }]) => ({
      url: this.#open.get(key)?.url ?? '',
      routes: table.routes.map(({ name }) => name),
    }));
  }

  /** From the next request on each listener serves this configuration; the ones that it does not name are drained. */
  serve(next: Served): void {
    const { config, routes } = next;
    for (const [key, open] of this.#open) {
      const place = routes.served.get(key);
      if (place === undefined) {
        this.#open.delete(key);
        const { listener } = open;
        this.#leaving.set(
          listener,
          listener.drain(config.drainTimeout).finally(() => this.#leaving.delete(listener)),
        );
      } else {
        open.tls = open.next;
        open.listener.serve(this.#options(next, place.table, open.tls));
        open.served = true;
      }
    }
  }

  /** Connections of clients at all addresses, those that are being drained included. */
  connections(): { readonly open: number; readonly webSockets: number } {
    const all = [...[...this.#open.values()].map(({ listener }) => listener), ...this.#leaving.keys()];
    return all.reduce(
      (sum, { connections }) => ({
        open: sum.open + connections.open,
        webSockets: sum.webSockets + connections.webSockets,
      }),
      { open: 0, webSockets: 0 },
    );
  }

  /** Takes back what open() has opened for a configuration that does not come into force. */
  async closeUnserved(): Promise<void> {
    const unserved = [...this.#open].filter(([, { served }]) => !served);
    for (const [key] of unserved) this.#open.delete(key);
    await Promise.all(unserved.map(([, { listener }]) => listener.drain(0)));
  }

  /** Stops accepting everywhere; resolves when all is over. */
  async drain(timeoutMs: number): Promise<void> {
    await Promise.all([
      ...[...this.#open.values()].map(({ listener }) => listener.drain(timeoutMs)),
      ...this.#leaving.values(),
    ]);
  }

  #options({ config, localKey }: Served, routes: RouteTable<Route>, tls: ServerTls | undefined): ListenerOptions {
    const { admin, guard, limits, log } = config;
    return {
      ...this.#shared,
      routes,
      allowedHosts: guard.allowedHosts,
      allowedOrigins: guard.allowedOrigins,
      localKey,
      limits: {
        headersTimeoutMs: limits.headersTimeout,
        headersBytes: limits.headersSize,
        headersCount: limits.headersCount,
        connections: limits.connections,
      },
      tls,
      accessLog: log.access,
      audit: isAudited(config) ? this.#shared.audit : undefined,
      // nobody could look at them
      exchanges: admin === 'off' ? undefined : this.#shared.exchanges,
    };
  }
}
