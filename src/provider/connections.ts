import { BearerdError } from '../errors.ts';
import { createConnector } from '../net/connector.ts';
import type { Connect } from '../net/direct-connection.ts';
import { TokenRequestError } from '../token/provider.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { SecretReader } from './secret-reader.ts';

/** What a request is sent on. */
export interface Line {
  readonly connect: Connect;
  /** Aborted when the connections are ended, and every request on them with it. */
  readonly closed: AbortSignal;
}

/** The connections of one provider to its identity provider. */
export interface Connections {
  /**
   * What requests are sent on; a client certificate or key that has changed since gets new connections.
   * @throws TokenRequestError: transient for a file that cannot be read, permanent for a certificate that cannot be used.
   */
  readonly get: () => Promise<Line>;
  /** Ends them; a request after that opens new ones. */
  readonly close: () => void;
}

/** Makes the connections of a provider; nothing is opened before the first request. */
export function createConnections(
  { tls, egressProxy, timeout: timeoutMs }: Pick<EndpointOptions, 'tls' | 'timeout' | 'egressProxy'>,
  secrets: SecretReader,
): Connections {
  let open: { readonly line: Line; readonly end: AbortController; readonly shown: string } | undefined;

  function close(): void {
    open?.end.abort();
    open = undefined;
  }

  return {
    async get() {
      const cert = tls.cert === undefined ? undefined : await secrets.read(tls.cert);
      const key = tls.key === undefined ? undefined : await secrets.read(tls.key);
      const shown = `${cert ?? ''}\n${key ?? ''}`;
      if (open !== undefined && open.shown === shown) return open.line;
      close();
      const end = new AbortController();
      const line = { connect: connectorFor({ cert, key }), closed: end.signal };
      open = { line, end, shown };
      return line;
    },
    close,
  };

  function connectorFor(identity: { readonly cert: string | undefined; readonly key: string | undefined }): Connect {
    const { ca, serverName, minVersion, insecureSkipVerify } = tls;
    const settings = { ...identity, ca, serverName, minVersion, insecureSkipVerify, egressProxy };
    try {
      return createConnector(settings, timeoutMs);
    } catch (cause) {
      if (!(cause instanceof BearerdError)) throw cause;
      throw new TokenRequestError(`No token was asked for. ${cause.message}`, {
        kind: 'permanent',
        reason: 'invalid_client_certificate',
        ...(cause.occurrence.action === undefined ? {} : { action: cause.occurrence.action }),
      });
    }
  }
}
