import { randomBytes, randomUUID } from 'node:crypto';
import type { Answer } from './answer.ts';
import { judgeTokenRequest, type OAuthClient, oauthError, tokenAnswer } from './client-credentials.ts';
import { type Call, type Emulator, type ListenOptions, startEmulator } from './emulator.ts';
import { commonFaults, Faults } from './faults.ts';
import { SigningKeys } from './signing-keys.ts';
import { Traffic } from './traffic.ts';

/** How the emulated identity provider is set up. */
export interface IdpOptions extends ListenOptions {
  /** `iss` and the issuer in the metadata; default the emulator's own URL. */
  readonly issuer?: string;
  /** `aud` values it issues for; the first is the default. Default `["collibra"]`. */
  readonly audiences?: readonly [string, ...string[]];
  /** Clients it accepts; default `my-app` with the secret `my-secret`. */
  readonly clients?: readonly OAuthClient[];
  /** Seconds of life of an access token; default 300. */
  readonly lifetimeSeconds?: number;
  /** Header `typ` of access tokens; default `at+jwt` (RFC 9068 §2.1); empty = none. */
  readonly typ?: string;
  /** Further claims of every token. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Wall clock, epoch milliseconds. */
  readonly nowMs?: () => number;
}

/** A running identity provider. */
export interface Idp extends Emulator {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly jwksUrl: string;
}

/** The client that the emulated IdP knows unless told otherwise; no secret of anybody. */
export const demoClient: OAuthClient & { readonly secret: string } = { id: 'my-app', secret: 'my-secret' };

const tokenPath = '/oauth2/token';
const jwksPath = '/jwks.json';

/** Starts an OAuth 2.0 authorization server for client credentials with RS256 access tokens (RFC 6749, 8414, 9068). */
export async function startIdp(options: IdpOptions = {}): Promise<Idp> {
  const keys = await SigningKeys.create();
  const faults = new Faults(
    [...commonFaults, 'jwksDown', 'typ', 'kid', 'algorithm', 'forged', 'opaque', 'issuer', 'audience', 'subject'],
    {
      rotateKeys: (how) => keys.rotate(how === 'keep'),
    },
  );
  let issuer = '';
  const emulator = await startEmulator(options, (origin) => {
    issuer = options.issuer ?? origin;
    const respond = (call: Call): Promise<Answer> => answer(call, { options, keys, faults, issuer, origin });
    const kindOf = (path: string) => (path === jwksPath ? 'jwks' : path === tokenPath ? 'token' : 'api');
    return { faults, traffic: new Traffic(), kindOf, respond };
  });
  return { ...emulator, issuer, tokenEndpoint: emulator.url + tokenPath, jwksUrl: emulator.url + jwksPath };
}

interface Setup {
  readonly options: IdpOptions;
  readonly keys: SigningKeys;
  readonly faults: Faults;
  readonly issuer: string;
  readonly origin: string;
}

async function answer(call: Call, setup: Setup): Promise<Answer> {
  const reading = call.method === 'GET' || call.method === 'HEAD';
  if (call.path === tokenPath) return issue(call, setup);
  if (reading && call.path === jwksPath) return { status: 200, json: setup.keys.keySet };
  if (reading && /^\/\.well-known\/(openid-configuration|oauth-authorization-server)$/.test(call.path)) {
    return { status: 200, json: metadata(setup) };
  }
  return { status: 404, json: { error: 'not_found' }, errorCode: 'not_found' };
}

function metadata({ issuer, origin }: Setup): object {
  return {
    issuer,
    token_endpoint: origin + tokenPath,
    jwks_uri: origin + jwksPath,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
  };
}

async function issue(call: Call, setup: Setup): Promise<Answer> {
  const { options, keys, faults, issuer } = setup;
  const grant = judgeTokenRequest(call, options.clients ?? [demoClient]);
  if ('status' in grant) return grant;
  const audiences = options.audiences ?? ['collibra'];
  const wanted = [...grant.form.getAll('resource'), ...grant.form.getAll('audience')].filter((one) => one !== '');
  if (wanted.some((one) => !audiences.includes(one))) {
    return oauthError('invalid_target', 'No tokens are issued for this resource or audience.');
  }
  const fault = { ...grant.client.token, ...faults.current };
  const lifetimeSeconds = fault.lifetimeSeconds ?? options.lifetimeSeconds ?? 300;
  if (fault.opaque) return tokenAnswer(randomBytes(32).toString('base64url'), lifetimeSeconds, grant.scope);
  const iat = Math.floor((options.nowMs ?? Date.now)() / 1000);
  const { client, scope } = grant;
  const token = await keys.sign(
    { ...fault, typ: fault.typ ?? options.typ ?? 'at+jwt' },
    {
      iss: fault.issuer ?? issuer,
      aud: fault.audience ?? (wanted.length > 1 ? wanted : (wanted[0] ?? audiences[0])),
      sub: fault.subject ?? client.subject ?? client.id,
      azp: client.id,
      client_id: client.id,
      ...(scope === undefined ? {} : { scope }),
      iat,
      exp: iat + lifetimeSeconds,
      // No two tokens may be equal, also within one second.
      jti: randomUUID(),
      ...options.claims,
    },
  );
  return tokenAnswer(token, lifetimeSeconds, scope);
}
