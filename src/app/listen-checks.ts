import type { ListenAddress } from '../config/config.ts';
import { describeAddress, isLoopbackHost } from '../config/listen-address.ts';
import { BearerdError } from '../errors.ts';
import { checkServerTls, type ServerTls } from '../net/server-tls.ts';

/**
 * Reads the key of a TLS address and tries it out with the certificate.
 * @returns undefined for plain HTTP. @throws BearerdError BEARERD_LISTEN or BEARERD_SECRET_UNREADABLE
 */
export async function serverTlsOf(address: ListenAddress): Promise<ServerTls | undefined> {
  if (address.tls === undefined) return undefined;
  const { cert, key, clientCa } = address.tls;
  const tls = { cert, key: await key.read(), clientCa };
  checkServerTls(tls, describeAddress(address));
  return tls;
}

/**
 * An open listener can exchange its certificates, but not begin or end to speak TLS or to ask for certificates.
 * @throws BearerdError BEARERD_LISTEN
 */
export function checkSameKind(before: ServerTls | undefined, after: ServerTls | undefined, where: string): void {
  const [is, asked] = [kindOf(before), kindOf(after)];
  if (is === asked) return;
  throw new BearerdError('BEARERD_LISTEN', `${where} is open with ${is}, and cannot change to ${asked} while it is`, {
    action: 'Restart bearerd, or write another address.',
  });
}

function kindOf(tls: ServerTls | undefined): string {
  if (tls === undefined) return 'plain HTTP';
  return tls.clientCa === undefined ? 'TLS' : 'TLS and certificates of the callers';
}

/**
 * Beyond loopback nobody listens by accident (threat 8): of a descriptor it is seen only now where it leads to.
 * @throws BearerdError BEARERD_LISTEN
 */
export function checkOpenDescriptor(url: string, fd: number, allowedHosts: readonly string[]): void {
  if (!/^https?:/.test(url) || isLoopbackHost(new URL(url).hostname) || !allowedHosts.every(isLoopbackHost)) return;
  throw new BearerdError('BEARERD_LISTEN', `fd:${fd} is bound to ${url}, which can be reached from other machines`, {
    action: 'Write guard: { allowedHosts: [NAME, …] } with every name by which callers may call bearerd.',
  });
}
