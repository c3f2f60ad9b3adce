import type { Connect, ConnectOptions } from './direct-connection.ts';
import { authorityOf, type EgressProxies, type ProxyServer, proxyFor } from './egress-proxy.ts';

/** What tunnels are opened with. */
export interface ProxySettings {
  readonly proxies: EgressProxies;
  /** Milliseconds for the tunnel; a TLS handshake in it has as many again. */
  readonly timeoutMs: number;
  readonly ca: readonly string[] | undefined;
}

/**
 * Makes a connector that goes through a proxy where there is one on the way, and is the given one elsewhere. Every
 * connection is a tunnel, those for plain http too, so that the proxy sees no token of an https server.
 */
export function throughProxy(connect: Connect, settings: ProxySettings): Connect {
  return (options, callback) => {
    const proxy = proxyFor(options, settings.proxies);
    if (proxy === undefined) return connect(options, callback);
    tunnel(proxy, options, settings).then(
      (socket) => {
        if (options.protocol === 'https:') connect({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}

/** Loaded when the first tunnel is opened. */
async function tunnel(proxy: ProxyServer, options: ConnectOptions, { timeoutMs, ca }: ProxySettings) {
  const { openTunnel } = await import('./tunnel.ts');
  return openTunnel(proxy, { authority: authorityOf(options), timeoutMs, ca });
}
