import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type EgressProxies, proxyFor } from '../net/egress-proxy.ts';
import { bareHost } from '../net/loopback.ts';
import type { Examination } from './examination.ts';

/** The addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Milliseconds that the name server may take. */
const patienceMs = 5_000;

/** As the system resolves names, which is how connections do it, too. */
export const systemResolve: Resolve = async (host) => {
  const late = new AbortController();
  const slow = delay(patienceMs, undefined, { signal: late.signal, ref: false }).then(() => {
    throw Object.assign(new Error(`no answer within ${patienceMs / 1000} s`), { code: 'ETIMEOUT' });
  });
  try {
    const found = await Promise.race([lookup(host, { all: true }), slow]);
    return found.map(({ address }) => address);
  } finally {
    late.abort();
  }
};

/** A server that has to be found. */
export interface NamedPeer {
  readonly url: string;
  readonly proxies: EgressProxies | undefined;
}

/**
 * Looks up every host once; behind an egress proxy the proxy's, which looks up the server itself. A name that cannot be
 * resolved is no finding here: the request that needs it fails with the words that any other request gets.
 */
export async function examineNames(peers: readonly NamedPeer[], resolve: Resolve): Promise<Examination> {
  const hosts = [...new Set(peers.map(lookedUp))];
  const results = await Promise.all(hosts.map((host) => lineOf(host, resolve)));
  const state = results.every(({ good }) => good) ? 'good' : 'bad';
  return { question: 'names', state, lines: results.map(({ line }) => line), findings: [] };
}

function lookedUp({ url, proxies }: NamedPeer): string {
  const proxy = proxies === undefined ? undefined : proxyFor(new URL(url), proxies);
  const asked = proxy === undefined || !URL.canParse(proxy.url) ? url : proxy.url;
  return bareHost(new URL(asked).hostname);
}

async function lineOf(host: string, resolve: Resolve): Promise<{ good: boolean; line: string }> {
  if (isIP(host) !== 0) return { good: true, line: `${host}: an address, nothing to resolve` };
  try {
    return { good: true, line: `${host}: ${(await resolve(host)).join(', ')}` };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
    return { good: false, line: `${host}: cannot be resolved (${code})` };
  }
}
