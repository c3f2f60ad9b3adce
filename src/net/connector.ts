import { type Connect, directConnector } from './direct-connection.ts';
import type { EgressProxies } from './egress-proxy.ts';
import { throughProxy } from './through-proxy.ts';
import { secureContext, type TlsSettings } from './tls.ts';

/** A client certificate with its chain, and its private key; PEM. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
}

/** What connections are made with. */
export interface ConnectorSettings extends TlsSettings {
  /** Asked for each new connection, so that a renewed certificate is used with the next one. */
  readonly identity?: (() => Promise<ClientIdentity>) | undefined;
  /** Proxies on the way; undefined = there are none. */
  readonly egressProxy?: EgressProxies | undefined;
  /** Offer HTTP/2 in the TLS handshake, besides HTTP/1.1. */
  readonly http2?: boolean | undefined;
}

/**
 * Opens connections whose certificates are verified, unless `insecureSkipVerify` was asked for.
 * @param connectTimeoutMs milliseconds to establish TCP and TLS; through a proxy, for each of the two.
 * @throws BearerdError BEARERD_CONFIGURATION when certificate and key cannot be used together; with `identity` it is
 *   given to the callback, as are the failures of that function.
 */
export function createConnector(settings: ConnectorSettings, connectTimeoutMs: number): Connect {
  const { egressProxy: proxies, ca } = settings;
  const connect = endToEnd(settings, connectTimeoutMs);
  return proxies === undefined ? connect : throughProxy(connect, { proxies, timeoutMs: connectTimeoutMs, ca });
}

/** To the server itself, on a connection of its own or one that is given. */
function endToEnd(settings: ConnectorSettings, connectTimeoutMs: number): Connect {
  const { identity } = settings;
  if (identity === undefined) return fixedConnector(settings, connectTimeoutMs);
  let latest: (ClientIdentity & { readonly connect: Connect }) | undefined;
  const current = async (): Promise<Connect> => {
    const { cert, key } = await identity();
    if (latest?.cert !== cert || latest.key !== key) {
      latest = { cert, key, connect: fixedConnector({ ...settings, cert, key }, connectTimeoutMs) };
    }
    return latest.connect;
  };
  return (options, callback) => {
    current().then(
      (connect) => connect(options, callback),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
    );
  };
}

function fixedConnector(settings: ConnectorSettings, timeoutMs: number): Connect {
  const { serverName, insecureSkipVerify, http2 = false } = settings;
  return directConnector({ timeoutMs, insecureSkipVerify, serverName, http2, context: secureContext(settings) });
}
