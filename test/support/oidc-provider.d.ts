/** The part of oidc-provider that the tests use; the package brings no types. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  /** A token as the provider's own adapter holds it. */
  export interface StoredToken {
    /** Epoch seconds. */
    readonly exp: number;
  }

  /** An OpenID-certified authorization server. */
  export default class Provider {
    constructor(issuer: string, configuration: object);
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    readonly ClientCredentials: { readonly find: (value: string) => Promise<StoredToken | undefined> };
  }
}
