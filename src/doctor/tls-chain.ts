import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type DetailedPeerCertificate } from 'node:tls';
import { BearerdError } from '../errors.ts';
import { authorityOf, type EgressProxies, proxyFor } from '../net/egress-proxy.ts';
import { bareHost } from '../net/loopback.ts';
import { secureContext, type TlsSettings } from '../net/tls.ts';
import { openTunnel } from '../net/tunnel.ts';
import type { Examination } from './examination.ts';

/** A server to be looked at, with what the connections to it are made with. */
export interface TlsPeer {
  /** Only https is looked at. */
  readonly url: string;
  readonly tls: TlsSettings;
  readonly proxies: EgressProxies | undefined;
  /** Milliseconds to connect; 0 = no limit. */
  readonly timeoutMs: number;
}

/** What a server showed. */
export interface TlsFacts {
  readonly origin: string;
  /** Why its certificate is not trusted, OpenSSL's code; undefined = it is. */
  readonly untrusted: string | undefined;
  /** That does not matter: tls.insecureSkipVerify. */
  readonly anyWillDo: boolean;
  /** Name and issuer of each certificate, the server's own first; empty = the handshake failed. */
  readonly chain: readonly CertificateFacts[];
  /** `TLSv1.3`; undefined = the handshake failed. */
  readonly protocol: string | undefined;
}

/** One certificate. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** As the certificate says it: `Nov 21 20:52:54 2026 GMT`. */
  readonly validTo: string;
}

/** Milliseconds for the connection where the route has no limit. */
const usualPatienceMs = 10_000;
const longestChain = 8;

/**
 * Shows the chain of each server. A chain that is not trusted is no finding here: the request that meets it fails with
 * the words that any other request gets, and `issuerHint` completes its cure.
 */
export async function examineTls(
  peers: readonly TlsPeer[],
): Promise<{ readonly examination: Examination; readonly facts: readonly TlsFacts[] }> {
  const secure = peers.filter(({ url }) => new URL(url).protocol === 'https:');
  const distinct = secure.filter(({ url }, i) => secure.findIndex((one) => originOf(one.url) === originOf(url)) === i);
  if (distinct.length === 0) {
    const examination = {
      question: 'tls',
      state: 'skipped',
      lines: ['everything is plain http'],
      findings: [],
    } as const;
    return { examination, facts: [] };
  }
  const facts = await Promise.all(distinct.map(look));
  const good = facts.every(
    ({ untrusted, anyWillDo, protocol }) => protocol !== undefined && (untrusted === undefined || anyWillDo),
  );
  const lines = facts.flatMap(linesOf);
  return { examination: { question: 'tls', state: good ? 'good' : 'bad', lines, findings: [] }, facts };
}

/** Who signed a certificate that is not trusted, for the cure: a proxy that opens TLS shows its own name there. */
export function issuerHint(facts: readonly TlsFacts[], origin: string): string | undefined {
  const found = facts.find((one) => one.origin === origin);
  const last = found?.chain.at(-1);
  if (found?.untrusted === undefined || last === undefined) return undefined;
  return `The certificate that came was issued by "${last.issuer}" (${found.untrusted}); if that is a proxy in the way, its CA goes into tls.ca.`;
}

function originOf(url: string): string {
  return new URL(url).origin;
}

async function look(peer: TlsPeer): Promise<TlsFacts> {
  const { origin } = new URL(peer.url);
  try {
    return await handshake(peer, await tunnelTo(peer));
  } catch (error) {
    return { origin, untrusted: codeOf(error), anyWillDo: false, chain: [], protocol: undefined };
  }
}

/** The way through an egress proxy; undefined = the server is reached directly. */
async function tunnelTo({ url, tls, proxies, timeoutMs }: TlsPeer): Promise<Socket | undefined> {
  const destination = new URL(url);
  const proxy = proxies === undefined ? undefined : proxyFor(destination, proxies);
  if (proxy === undefined) return undefined;
  return openTunnel(proxy, {
    authority: authorityOf(destination),
    timeoutMs: timeoutMs || usualPatienceMs,
    ca: tls.ca,
  });
}

/** Looks at the certificates and hangs up; nothing is sent, so that an untrusted server may be looked at, too. */
function handshake({ url, tls, timeoutMs }: TlsPeer, tunnel: Socket | undefined): Promise<TlsFacts> {
  const { origin, hostname, port } = new URL(url);
  const host = bareHost(hostname);
  const context = secureContext(tls);
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      ...(tunnel === undefined ? { host, port: Number(port || 443) } : { socket: tunnel, host }),
      rejectUnauthorized: false,
      ...(context === undefined ? {} : { secureContext: context }),
      ...(tls.serverName === undefined ? nameOf(host) : { servername: tls.serverName }),
    });
    socket.setTimeout(timeoutMs || usualPatienceMs, () => {
      socket.destroy();
      reject(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' }));
    });
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      // A string at run time, whatever the types say.
      const untrusted = socket.authorized ? undefined : String(socket.authorizationError);
      const chain = chainOf(socket.getPeerCertificate(true));
      resolve({
        origin,
        untrusted,
        anyWillDo: tls.insecureSkipVerify === true,
        chain,
        protocol: socket.getProtocol() ?? undefined,
      });
      socket.destroy();
    });
  });
}

/** Addresses may not be sent as a server name (RFC 6066 §3). */
function nameOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

function chainOf(leaf: DetailedPeerCertificate): readonly CertificateFacts[] {
  const chain: CertificateFacts[] = [];
  let at: DetailedPeerCertificate | undefined = leaf;
  while (at?.subject !== undefined && chain.length < longestChain) {
    chain.push({ subject: nameIn(at.subject), issuer: nameIn(at.issuer), validTo: at.valid_to });
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}

function nameIn(names: DetailedPeerCertificate['subject']): string {
  const name: unknown = names.CN ?? names.O ?? 'no name';
  return String(name)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 100);
}

function codeOf(error: unknown): string {
  if (error instanceof BearerdError) return error.message;
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason';
}

function linesOf({ origin, untrusted, anyWillDo, chain, protocol }: TlsFacts): string[] {
  if (protocol === undefined) return [`${origin}: no TLS connection (${untrusted})`];
  const skipped = anyWillDo ? ', and taken all the same: tls.insecureSkipVerify' : '';
  const trust = untrusted === undefined ? 'trusted' : `not trusted (${untrusted})${skipped}`;
  return [
    `${origin}: ${protocol}, ${trust}`,
    ...chain.map(({ subject, issuer, validTo }) => `  ${subject}, issued by ${issuer}, good until ${validTo}`),
  ];
}
