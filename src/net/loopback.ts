import { BlockList, isIP } from 'node:net';

const addresses = new BlockList();
addresses.addSubnet('127.0.0.0', 8, 'ipv4');
addresses.addAddress('::1', 'ipv6');

/** This machine itself: localhost and the names below it (RFC 6761 §6.3), or an address; IPv6 with or without brackets. */
export function isLoopback(hostname: string): boolean {
  const host = bareHost(hostname);
  const family = isIP(host);
  if (family !== 0) return addresses.check(host, family === 6 ? 'ipv6' : 'ipv4');
  return host === 'localhost' || host.endsWith('.localhost');
}

/** A host without brackets and final dot, in lower case. */
export function bareHost(hostname: string): string {
  return hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
}
