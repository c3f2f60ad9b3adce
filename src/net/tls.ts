import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { BearerdError } from '../errors.ts';

/** What a TLS connection trusts and shows; PEM texts. */
export interface TlsSettings {
  /** Certificate authorities besides the well-known ones; undefined = the system's only. */
  readonly ca?: readonly string[] | undefined;
  /** A client certificate, with its chain. */
  readonly cert?: string | undefined;
  /** The private key of the client certificate. */
  readonly key?: string | undefined;
  /** The name that is asked for (SNI) and that the certificate must have; undefined = the host of the URL. */
  readonly serverName?: string | undefined;
  readonly minVersion?: TlsVersion | undefined;
  /** Any certificate will do, whatever name it has; the log warns of it. */
  readonly insecureSkipVerify?: boolean | undefined;
}

/** The versions that may be the oldest allowed one; Node offers nothing older than TLS 1.2 by itself. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/**
 * One context for all connections with these settings; undefined where the defaults do.
 * TLS takes `ca` in place of the well-known authorities, not besides them, so they are given too.
 * @throws BearerdError BEARERD_CONFIGURATION when certificate and key cannot be used together.
 */
export function secureContext({ ca, cert, key, minVersion }: TlsSettings): SecureContext | undefined {
  if (ca === undefined && cert === undefined && key === undefined && minVersion === undefined) return undefined;
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ...ca] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(minVersion === undefined ? {} : { minVersion }),
    });
  } catch (cause) {
    // OpenSSL's own words say nothing to anybody; its code does to some.
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new BearerdError('BEARERD_CONFIGURATION', `The client certificate cannot be used${code}.`, {
      action: 'Check that tls.cert and tls.key are PEM, without a password, and belong together.',
    });
  }
}
