import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import type { Answer } from './answer.ts';
import { bearerToken, sections } from './bearer-token.ts';
import { judgeTokenRequest, type OAuthClient, tokenAnswer } from './client-credentials.ts';
import { applicationInfo, collibraError, collibraResource } from './collibra-resources.ts';
import { type JwtSettings, judgeToken, type TokenErrorCode, type Verdict } from './collibra-verifier.ts';
import { type Call, type Emulator, type ListenOptions, startEmulator } from './emulator.ts';
import { commonFaults, Faults } from './faults.ts';
import { IssuedTokens } from './issued-tokens.ts';
import { KeySetUrl } from './key-set-url.ts';
import { SigningKeys } from './signing-keys.ts';
import { Traffic } from './traffic.ts';

/** How the emulated Collibra is set up: the console's JWT settings and its own OAuth applications. */
export interface CollibraOptions extends ListenOptions, Partial<JwtSettings> {
  /** JSON Web Key Set URL of the customer's IdP; undefined = only Collibra's own tokens are accepted. */
  readonly jwksUrl?: string;
  /** Milliseconds that the key set is cached; default 0, so that rotation and outage show at once. */
  readonly jwksCacheMs?: number;
  /** Users who exist; default the emulated IdP's client `my-app`. */
  readonly users?: readonly string[];
  /** Collibra's own OAuth applications; default one whose id has colons. They may not ask for a scope. */
  readonly clients?: readonly OAuthClient[];
  /** Wall clock, epoch milliseconds. */
  readonly nowMs?: () => number;
}

/** A running Collibra. */
export interface Collibra extends Emulator {
  /** Collibra's own token endpoint. */
  readonly tokenEndpoint: string;
}

/** The OAuth application that the emulated Collibra knows unless told otherwise; the id has the form of real ones. */
export const demoApplication: OAuthClient & { readonly secret: string } = {
  id: 'urn:sys:env:2eeadf60-1a11-5170-7e57-000000000000:i:1cnxtsn',
  secret: 'my-secret',
};

const tokenPath = '/rest/oauth/v2/token';

const help: Readonly<Record<TokenErrorCode, string>> = {
  expiredToken: 'Request a new access token.',
  malformedToken: 'Check that the identity provider issues JWT access tokens.',
  invalidToken: 'Compare the token with the JWT settings: signature, issuer, audience, token type and algorithm.',
  unableToProcessToken: 'Check the JSON Web Key Set URL and that the principal is a Collibra user.',
};

interface Setup {
  readonly options: CollibraOptions;
  readonly origin: string;
  readonly faults: Faults;
  readonly traffic: Traffic;
  readonly issued: IssuedTokens;
  /** Made at first use: a key pair takes a tenth of a second, and most never need it. */
  readonly ownKeys: () => Promise<SigningKeys>;
  readonly idpKey: JWTVerifyGetKey | undefined;
  readonly clients: readonly OAuthClient[];
  readonly nowMs: () => number;
}

/** Starts an API that refuses tokens with Collibra's four codes, and Collibra's own token endpoint. */
export async function startCollibra(options: CollibraOptions = {}): Promise<Collibra> {
  let keys: Promise<SigningKeys> | undefined;
  const ownKeys = (): Promise<SigningKeys> => {
    keys ??= SigningKeys.create();
    return keys;
  };
  const nowMs = options.nowMs ?? Date.now;
  const issued = new IssuedTokens(nowMs);
  const idpKey =
    options.jwksUrl === undefined ? undefined : new KeySetUrl(options.jwksUrl, options.jwksCacheMs ?? 0).getKey;
  const clients = (options.clients ?? [demoApplication]).map((client) => ({ ...client, scopes: [] }));
  const faults = new Faults([...commonFaults, 'refuse'], {
    revoke: () => issued.withdraw('revoked'),
    expire: () => issued.withdraw('expired'),
  });
  const emulator = await startEmulator(options, (origin) => {
    const traffic = new Traffic();
    const setup: Setup = { options, origin, faults, traffic, issued, ownKeys, idpKey, clients, nowMs };
    const kindOf = (path: string) => (path === tokenPath ? 'token' : 'api');
    return { faults, traffic, kindOf, respond: (call) => answer(call, setup) };
  });
  return { ...emulator, tokenEndpoint: emulator.url + tokenPath };
}

async function answer(call: Call, setup: Setup): Promise<Answer> {
  if (call.path === tokenPath) return issue(call, setup);
  if (call.path === '/rest/2.0/application/info' && call.method === 'GET') return applicationInfo;
  const token = bearerToken(call.headers.authorization);
  if (token === undefined) return collibraError(401, undefined, 'The user is not authenticated.');
  const verdict = await judge(token, setup);
  if ('code' in verdict && verdict.pastExp) setup.traffic.countExpiredToken();
  if (call.refuse !== undefined) return collibraError(401, call.refuse, 'This refusal was asked for at /__faults.');
  if ('code' in verdict) return collibraError(401, verdict.code, verdict.reason, help[verdict.code]);
  return collibraResource(call, verdict.principal);
}

async function judge(token: string, setup: Setup): Promise<Verdict> {
  const { options, origin, issued, nowMs, idpKey, ownKeys, clients } = setup;
  if (sections(token)?.claims['iss'] === origin) {
    const own: JwtSettings = {
      issuer: origin,
      algorithms: ['RS256'],
      users: clients.map(({ id, subject }) => subject ?? id),
    };
    return judgeToken(token, own, { getKey: createLocalJWKSet((await ownKeys()).keySet), issued, nowMs });
  }
  return judgeToken(token, { ...options, users: options.users ?? ['my-app'] }, { getKey: idpKey, issued, nowMs });
}

async function issue(call: Call, setup: Setup): Promise<Answer> {
  const grant = judgeTokenRequest(call, setup.clients);
  if ('status' in grant) return grant;
  const lifetimeSeconds = setup.faults.current.lifetimeSeconds ?? 3600;
  const iat = Math.floor(setup.nowMs() / 1000);
  const { id, subject } = grant.client;
  const claims = {
    iss: setup.origin,
    sub: subject ?? id,
    client_id: id,
    iat,
    exp: iat + lifetimeSeconds,
    jti: randomUUID(),
  };
  return tokenAnswer(await (await setup.ownKeys()).sign({ typ: 'at+jwt' }, claims), lifetimeSeconds, undefined);
}
