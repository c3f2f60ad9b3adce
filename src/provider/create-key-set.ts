import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { KeyExaminer } from '../token/key-evidence.ts';
import type { IssuerContact } from '../token/provider.ts';
import { createConnections } from './connections.ts';
import { createIssuerContact } from './issuer-contact.ts';
import { KeySet } from './key-set.ts';
import { createSecretReader } from './secret-reader.ts';

/** The keys of a credential's issuer, with the connections that they came over. */
export interface CredentialKeys extends KeyExaminer {
  /** Ends what is open; never throws. */
  readonly close: () => Promise<void>;
}

/** Milliseconds for a request to a key set where the provider has no connections of its own. */
const timeoutMs = 5000;

/**
 * The key set that a credential's tokens can be compared with: that of `expect.jwks`, else that of the issuer's metadata;
 * the issuer is the configured one, else the one that a token names, if it is of the token endpoint's own origin.
 * @param issuer the provider's own way to its issuer; undefined = it has none, and plain verified connections are made
 * @returns undefined where nothing says where keys are
 */
export function createKeySet(
  issuer: IssuerContact | undefined,
  jwks: string | undefined,
  deps: { readonly clock: Clock; readonly log: Log },
): CredentialKeys | undefined {
  if (jwks === undefined && issuer === undefined) return undefined;
  const tls = { ca: undefined, cert: undefined, key: undefined, serverName: undefined, minVersion: undefined };
  const nobody = { issuer: undefined, tokenEndpoint: undefined };
  const options = {
    ...nobody,
    tls: { ...tls, insecureSkipVerify: false },
    timeout: timeoutMs,
    insecureHttp: false,
    egressProxy: undefined,
  };
  const own = createConnections(options, createSecretReader(deps.log));
  const contact = issuer ?? createIssuerContact(options, { ...deps, connect: own.get });
  const keys = new KeySet({ contact, url: jwks }, deps);
  return {
    examine: (token, waitMs) => keys.examine(token, waitMs),
    async close() {
      keys.close();
      own.close();
    },
  };
}
