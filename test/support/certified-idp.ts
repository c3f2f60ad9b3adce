import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { jwtVerify } from 'jose';
import Provider from 'oidc-provider';

/** How the certified identity provider is set up. */
export interface CertifiedIdpOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly authentication: 'client_secret_basic' | 'client_secret_post';
  /** What the client may use; default client_credentials. */
  readonly grants?: readonly string[];
  readonly format: 'jwt' | 'opaque';
  readonly lifetimeSeconds: number;
  /** Milliseconds that the answer of the token endpoint is held back, the token's life running already. */
  readonly delayMs: number;
}

/** oidc-provider on loopback, in this process. */
export interface CertifiedIdp {
  readonly tokenEndpoint: string;
  /** Start of each token request, performance.now(). */
  readonly tokenRequests: number[];
  readonly mostInFlight: () => number;
  /** Bodies of the answers that were not 200. */
  readonly refusals: string[];
  /**
   * Why a token may not be used at a moment (epoch milliseconds); undefined = it may. JWTs by signature and claims;
   * opaque ones have to be in the provider's store, and live for expires_in from their issue (RFC 6749 §5.1): the store
   * counts in whole seconds and drops them up to a second earlier, which no client can know.
   */
  readonly refuses: (token: string, atMs: number) => Promise<string | undefined>;
  readonly close: () => Promise<void>;
}

const audience = 'urn:e2e:api';

/** When a token ends, epoch milliseconds; or why it is none. */
type Life = number | string;

/** Starts oidc-provider with one client that may use client credentials. */
export async function startCertifiedIdp(options: CertifiedIdpOptions): Promise<CertifiedIdp> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configuration(options, privateKey.export({ format: 'jwk' })));
  const answer = provider.callback();
  const tokenRequests: number[] = [];
  const refusals: string[] = [];
  const opaque = new Map<string, Promise<Life>>();
  const jwts = new Map<string, Promise<Life>>();
  let inFlight = 0;
  let most = 0;
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    tokenRequests.push(performance.now());
    inFlight += 1;
    most = Math.max(most, inFlight);
    response.once('close', () => {
      inFlight -= 1;
    });
    observe(response, options.delayMs, (body) => {
      const token = response.statusCode === 200 ? accessToken(body) : undefined;
      if (token === undefined) refusals.push(`${response.statusCode} ${body}`);
      else if (options.format === 'opaque') {
        const expiresAtMs = Date.now() + options.lifetimeSeconds * 1000;
        const found = provider.ClientCredentials.find(token);
        opaque.set(
          token,
          found.then((stored) => (stored === undefined ? 'the provider does not know it' : expiresAtMs)),
        );
      }
    });
    answer(request, response);
  });
  /** Signature, issuer and audience; exp is left to whoever knows the moment. */
  async function verified(token: string): Promise<Life> {
    const rules = { issuer, audience, algorithms: ['RS256'], requiredClaims: ['exp'], currentDate: new Date(0) };
    try {
      return ((await jwtVerify(token, publicKey, rules)).payload.exp ?? 0) * 1000;
    } catch (error) {
      return String(error);
    }
  }
  return {
    tokenEndpoint: `${issuer}/token`,
    tokenRequests,
    mostInFlight: () => most,
    refusals,
    refuses: async (token, atMs) => {
      // Each signature is verified once: 50 times a second would be work of this process, not of bearerd.
      if (options.format === 'jwt' && !jwts.has(token)) jwts.set(token, verified(token));
      const life = await (jwts.get(token) ?? opaque.get(token) ?? 'the provider has not issued it');
      if (typeof life === 'string') return life;
      return life <= atMs ? `expired ${atMs - life} ms ago` : undefined;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function configuration(options: CertifiedIdpOptions, jwk: object): object {
  const { clientId, clientSecret, authentication, format, lifetimeSeconds } = options;
  return {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        token_endpoint_auth_method: authentication,
        grant_types: options.grants ?? ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: [{ ...jwk, use: 'sig', alg: 'RS256', kid: 'e2e' }] },
    cookies: { keys: ['not used by client credentials'] },
    ttl: { ClientCredentials: lifetimeSeconds },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => ({
          scope: '',
          audience,
          accessTokenTTL: lifetimeSeconds,
          accessTokenFormat: format,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

/** Shows each answer when it is made; it leaves later, as over a slow network. */
function observe(response: ServerResponse, delayMs: number, look: (body: string) => void): void {
  const end = response.end.bind(response);
  // One of end()'s overloads, and the one that Koa uses.
  response.end = ((body?: string) => {
    look(body ?? '');
    if (delayMs === 0) return end(body);
    delay(delayMs).then(() => end(body));
    return response;
  }) as typeof response.end;
}

function accessToken(body: string): string | undefined {
  // The provider's own answer.
  return (JSON.parse(body) as { readonly access_token?: string }).access_token;
}
