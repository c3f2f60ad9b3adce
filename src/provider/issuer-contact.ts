import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { IssuerContact } from '../token/provider.ts';
import type { Line } from './connections.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { exchange } from './exchange.ts';
import { createIssuer, type Issuer } from './issuer.ts';

/** The largest key set that is read, in bytes; real ones have some thousand. */
const bodyLimit = 262_144;

/** Whom to ask. */
export interface ContactSettings extends Pick<EndpointOptions, 'insecureHttp' | 'timeout'> {
  /** As configured. */
  readonly issuer: string | undefined;
  /** As configured; a token that names an issuer of the same origin is believed. */
  readonly tokenEndpoint: string | undefined;
}

/** What a contact works with. */
export interface ContactDeps {
  readonly connect: () => Promise<Line>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A way to ask the issuer over the connections of its token endpoint; nothing is asked yet. */
export function createIssuerContact(settings: ContactSettings, deps: ContactDeps): IssuerContact {
  const { issuer: configured, tokenEndpoint, insecureHttp, timeout: timeoutMs } = settings;
  const { connect } = deps;
  let current: { readonly name: string; readonly issuer: Issuer } | undefined;

  function named(name: string): Issuer {
    if (current?.name !== name) {
      current = { name, issuer: createIssuer({ issuer: name, insecureHttp, timeoutMs, connect }, deps) };
    }
    return current.issuer;
  }

  return {
    name: configured,
    async metadata(iss, signal) {
      const name = configured ?? (iss !== undefined && sameOrigin(iss, tokenEndpoint) ? iss : undefined);
      return name === undefined ? undefined : named(name).metadata(signal);
    },
    async get(url, signal) {
      const { origin, pathname } = new URL(url);
      const asked = { method: 'GET', url: `${origin}${pathname}`, option: 'expect.jwks' } as const;
      const headers = { accept: 'application/json', 'user-agent': 'bearerd' };
      const line = await connect();
      return await exchange({ asked, url, headers, line, timeoutMs, bodyLimit }, signal);
    },
  };
}

/** A token can name any issuer; only one that stands where the token came from is asked. */
function sameOrigin(iss: string, tokenEndpoint: string | undefined): boolean {
  if (tokenEndpoint === undefined || !URL.canParse(iss)) return false;
  const { origin, search, hash, username, password } = new URL(iss);
  return origin === new URL(tokenEndpoint).origin && `${search}${hash}${username}${password}` === '';
}
