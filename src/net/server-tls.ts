import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { BearerdError } from '../errors.ts';

/** What a TLS listener shows and asks for; PEM texts. */
export interface ServerTls {
  /** With its chain. */
  readonly cert: string;
  readonly key: string;
  /** Authorities of which every caller must have a certificate; undefined = callers need none. */
  readonly clientCa: readonly string[] | undefined;
}

/** The part of the settings that a running server can exchange. */
export function certificateOptions({ cert, key, clientCa }: ServerTls): SecureContextOptions {
  // only the authorities that are named: with the well-known ones anybody could get a certificate that fits
  return { cert, key, minVersion: 'TLSv1.2', ...(clientCa === undefined ? {} : { ca: [...clientCa] }) };
}

/**
 * The settings of a new server. ALPN offers HTTP/1.1 alone, so that a client that speaks only HTTP/2 is told in the handshake.
 * @param handshakeTimeoutMs a client that has not finished the handshake by then is disconnected.
 */
export function serverOptions(tls: ServerTls, handshakeTimeoutMs: number): TlsOptions {
  const asked = tls.clientCa !== undefined;
  return {
    ...certificateOptions(tls),
    requestCert: asked,
    rejectUnauthorized: asked,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: handshakeTimeoutMs,
  };
}

/** Finds out now what a handshake would find out. @param where the address, for the message. @throws BearerdError BEARERD_LISTEN */
export function checkServerTls(tls: ServerTls, where: string): void {
  try {
    createSecureContext(certificateOptions(tls));
  } catch (cause) {
    // OpenSSL's own words say nothing to anybody; its code does to some
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new BearerdError('BEARERD_LISTEN', `cannot listen on ${where}: its certificate cannot be used${code}`, {
      action: 'Check that tls.cert and tls.key are PEM, without a password, and belong together.',
    });
  }
}

/** The two are the same, so that nothing has to be exchanged. */
export function isSameTls(one: ServerTls | undefined, other: ServerTls | undefined): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
