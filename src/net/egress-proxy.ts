import { BlockList, isIP } from 'node:net';
import { bareHost, isLoopback } from './loopback.ts';

/** A proxy that opens tunnels (CONNECT, RFC 9110 §9.3.6). */
export interface ProxyServer {
  /** Scheme, host and port; safe to show. */
  readonly url: string;
  /** `user:password`; undefined = it asks for none. */
  readonly credentials: { readonly read: () => Promise<string> } | undefined;
  /** Why it cannot be used, as the end of a sentence; undefined = it can. */
  readonly unusable?: string | undefined;
}

/** Through which proxies one kind of peer is reached. */
export interface EgressProxies {
  /** For servers with an http URL. */
  readonly http: ProxyServer | undefined;
  /** For servers with an https URL. */
  readonly https: ProxyServer | undefined;
  /** Hosts that are reached without a proxy, as NO_PROXY lists them. */
  readonly except: string;
}

/** A server: the protocol with its colon, IPv6 without brackets, an empty port for the usual one. */
export interface Destination {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

/** The proxy on the way to a server; undefined = there is none. Loopback is always reached directly. */
export function proxyFor(destination: Destination, proxies: EgressProxies): ProxyServer | undefined {
  const proxy = destination.protocol === 'https:' ? proxies.https : proxies.http;
  if (proxy === undefined || isLoopback(destination.hostname)) return undefined;
  return isExcepted(destination, proxies.except) ? undefined : proxy;
}

/** Host and port as CONNECT names them: the port is always there, IPv6 is in brackets. */
export function authorityOf({ protocol, hostname, port }: Destination): string {
  const host = bareHost(hostname);
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

/**
 * NO_PROXY as curl and Go read it: names with or without a leading dot stand for all names below them too, addresses
 * and networks (10.0.0.0/8) for themselves, `host:port` for one port, `*` for everything.
 */
function isExcepted(destination: Destination, list: string): boolean {
  const [, port = ''] = /:(\d+)$/.exec(authorityOf(destination)) ?? [];
  const host = bareHost(destination.hostname);
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      // two colons are an IPv6 address, not a port
      const [, name = entry, only] = /^([^:]+|\[[^\]]+\]):(\d+)$/.exec(entry) ?? [];
      return (only === undefined || only === port) && covers(bareHost(name).replace(/^\*?\./, ''), host);
    });
}

function covers(entry: string, host: string): boolean {
  const family = isIP(host);
  if (family === 0) return entry !== '' && (host === entry || host.endsWith(`.${entry}`));
  const [address = '', bits] = entry.split('/');
  if (isIP(address) === 0) return false;
  const type = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  const longest = type === 'ipv6' ? 128 : 32;
  const length = bits === undefined ? longest : Number(bits);
  if (!Number.isInteger(length) || length < 0 || length > longest) return false;
  const network = new BlockList();
  network.addSubnet(address, length, type);
  return network.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
