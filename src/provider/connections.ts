import type { Dispatcher } from 'undici';
import { BearerdError } from '../errors.ts';
import { createDispatcher } from '../net/dispatcher.ts';
import { TokenRequestError } from '../token/provider.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { SecretReader } from './secret-reader.ts';

/** The connections of one provider to its identity provider. */
export interface Connections {
  /**
   * What requests are sent on; a client certificate or key that has changed since gets new connections.
   * @throws TokenRequestError: transient for a file that cannot be read, permanent for a certificate that cannot be used.
   */
  readonly get: () => Promise<Dispatcher>;
  /** Ends them; a request after that opens new ones. */
  readonly close: () => Promise<void>;
}

/** Makes the connections of a provider; nothing is opened before the first request. */
export function createConnections(
  { tls, egressProxy, timeout: timeoutMs }: Pick<EndpointOptions, 'tls' | 'timeout' | 'egressProxy'>,
  secrets: SecretReader,
): Connections {
  let open: { readonly dispatcher: Dispatcher; readonly shown: string } | undefined;

  async function close(): Promise<void> {
    const closing = open;
    open = undefined;
    await closing?.dispatcher.destroy();
  }

  return {
    async get() {
      const cert = tls.cert === undefined ? undefined : await secrets.read(tls.cert);
      const key = tls.key === undefined ? undefined : await secrets.read(tls.key);
      const shown = `${cert ?? ''}\n${key ?? ''}`;
      if (open !== undefined && open.shown === shown) return open.dispatcher;
      await close();
      open = { dispatcher: dispatcherFor({ cert, key }), shown };
      return open.dispatcher;
    },
    close,
  };

  function dispatcherFor(identity: {
    readonly cert: string | undefined;
    readonly key: string | undefined;
  }): Dispatcher {
    try {
      return createDispatcher({
        ...identity,
        ca: tls.ca,
        serverName: tls.serverName,
        minVersion: tls.minVersion,
        insecureSkipVerify: tls.insecureSkipVerify,
        egressProxy,
        connectTimeoutMs: timeoutMs,
        headersTimeoutMs: timeoutMs,
        idleTimeoutMs: timeoutMs,
        connections: 2,
      });
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
