import type { RouteConfig } from '../config/config.ts';
import type { Enquiry } from '../config/provider-definition.ts';
import type { TlsSettings } from '../net/tls.ts';
import type { TlsPeer } from './tls-chain.ts';

/** The servers that a route needs, with what the connections to them are made with: identity provider, then API. */
export async function peersOf(route: RouteConfig, enquiry: Enquiry | undefined): Promise<readonly TlsPeer[]> {
  const { upstream, timeouts, egressProxy } = route;
  const api = { url: upstream, tls: await opened(route.tls), proxies: egressProxy, timeoutMs: timeouts.connect };
  const url = enquiry?.tokenEndpoint ?? enquiry?.issuer;
  if (enquiry === undefined || url === undefined) return [api];
  return [{ url, tls: await opened(enquiry.tls), proxies: enquiry.egressProxy, timeoutMs: enquiry.timeout }, api];
}

/** With the client certificate, where one is configured and can be read. */
async function opened({ cert, key, ...trust }: RouteConfig['tls']): Promise<TlsSettings> {
  try {
    return { ...trust, cert: await cert?.read(), key: await key?.read() };
  } catch {
    return trust; // the request says what is wrong with it
  }
}
