import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { IssuerContact } from '../token/provider.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { exchange } from './exchange.ts';
import { createIssuer } from './issuer.ts';

/** The largest key set that is read, in bytes; real ones have some thousand. */
const bodyLimit = 262_144;

/** What a contact works with. */
export interface ContactDeps {
  readonly connect: () => Promise<Dispatcher>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A way to ask the issuer over the connections of its token endpoint; nothing is asked yet. */
export function createIssuerContact(
  name: string | undefined,
  { insecureHttp, timeout: timeoutMs }: Pick<EndpointOptions, 'insecureHttp' | 'timeout'>,
  deps: ContactDeps,
): IssuerContact {
  const { connect } = deps;
  const issuer =
    name === undefined ? undefined : createIssuer({ issuer: name, insecureHttp, timeoutMs, connect }, deps);
  return {
    name,
    keySetUrl: async (signal) => (await issuer?.metadata(signal))?.jwksUri,
    async get(url, signal) {
      const { origin, pathname } = new URL(url);
      const asked = { method: 'GET', url: `${origin}${pathname}`, option: 'expect.jwks' } as const;
      const headers = { accept: 'application/json', 'user-agent': 'bearerd' };
      const dispatcher = await connect();
      return await exchange({ asked, url, headers, dispatcher, timeoutMs, bodyLimit }, signal);
    },
  };
}
