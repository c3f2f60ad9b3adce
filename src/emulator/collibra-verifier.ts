import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { sections } from './bearer-token.ts';
import type { IssuedTokens } from './issued-tokens.ts';
import { KeySetError } from './key-set-url.ts';

/** The four codes with which Collibra refuses a token (wire facts 2.3). */
export type TokenErrorCode = 'expiredToken' | 'malformedToken' | 'invalidToken' | 'unableToProcessToken';

/** The console's JWT settings (wire facts 2.4). */
export interface JwtSettings {
  /** JWT Issuer; undefined = not compared. */
  readonly issuer?: string;
  /** JWT Audience; undefined = not compared. */
  readonly audience?: string | readonly string[];
  /** JWT Token Types, a comma list compared without case and without `application/`; the empty string = tokens without `typ`. Default `at+jwt,jwt`. */
  readonly tokenTypes?: string;
  /** JWT Algorithms; undefined = all that the key set allows. */
  readonly algorithms?: readonly string[];
  /** JWT Principal ID Claim Name; default `sub`. */
  readonly principalClaim?: string;
  /** Names of the users who exist. */
  readonly users: readonly string[];
  /** JWT Maximum Clock Skew in seconds; default 0. */
  readonly clockSkewSeconds?: number;
}

/** What became of a token. */
export type Verdict =
  | { readonly principal: string }
  | { readonly code: TokenErrorCode; readonly reason: string; readonly pastExp: boolean };

/** What a verification needs besides the settings. */
export interface VerifierMeans {
  /** undefined = no JSON Web Key Set URL is configured. */
  readonly getKey: JWTVerifyGetKey | undefined;
  readonly issued: IssuedTokens;
  readonly nowMs: () => number;
}

/** Judges a bearer token as a Collibra console with these settings would. */
export async function judgeToken(token: string, settings: JwtSettings, means: VerifierMeans): Promise<Verdict> {
  const parts = sections(token);
  if (parts === undefined) return refuse('malformedToken', 'The token is not a JWT of three sections.');
  const { header, claims } = parts;
  const { getKey } = means;
  if (getKey === undefined) return refuse('unableToProcessToken', 'No JSON Web Key Set URL is configured.');
  const seconds = means.nowMs() / 1000;
  const pastExp = typeof claims['exp'] === 'number' && claims['exp'] <= seconds - (settings.clockSkewSeconds ?? 0);
  const invalid = (reason: string): Verdict => ({ ...refuse('invalidToken', reason), pastExp });
  if (!typeAllowed(header['typ'], settings.tokenTypes ?? 'at+jwt,jwt'))
    return invalid('The token type is not allowed.');
  if (typeof header['kid'] !== 'string') return invalid('The token names no key.');
  try {
    await jwtVerify(token, getKey, {
      currentDate: new Date(means.nowMs()),
      clockTolerance: settings.clockSkewSeconds ?? 0,
      requiredClaims: ['iss', 'iat', 'exp'],
      ...(settings.issuer === undefined ? {} : { issuer: settings.issuer }),
      ...(settings.audience === undefined ? {} : { audience: [settings.audience].flat() }),
      ...(settings.algorithms === undefined ? {} : { algorithms: [...settings.algorithms] }),
    });
  } catch (error) {
    if (error instanceof errors.JWTExpired) return { ...refuse('expiredToken', 'The token is expired.'), pastExp };
    if (error instanceof KeySetError) return { ...refuse('unableToProcessToken', error.message), pastExp };
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      return invalid(`The token is invalid: ${error.message}`);
    throw error;
  }
  const withdrawn = means.issued.look(token, claims['iat']);
  if (withdrawn === 'expired') return refuse('expiredToken', 'The token is expired.');
  if (withdrawn === 'revoked') return refuse('invalidToken', 'The token was revoked.');
  const principal = claims[settings.principalClaim ?? 'sub'];
  if (typeof principal !== 'string' || !settings.users.includes(principal)) {
    return refuse('unableToProcessToken', 'The principal of the token is no known user.');
  }
  return { principal };
}

function refuse(code: TokenErrorCode, reason: string): Verdict & { readonly code: TokenErrorCode } {
  return { code, reason, pastExp: false };
}

function typeAllowed(typ: unknown, list: string): boolean {
  const plain = (value: string): string =>
    value
      .trim()
      .toLowerCase()
      .replace(/^application\//, '');
  if (typ !== undefined && typeof typ !== 'string') return false;
  return list
    .split(',')
    .map(plain)
    .includes(plain(typ ?? ''));
}
