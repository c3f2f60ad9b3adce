import type { ApiCodes } from './api-codes.ts';
import type { ChallengeClass } from './policy.ts';
import type { TokenAnatomy } from './token-anatomy.ts';

const longestValue = 80;

/**
 * What our unverified view of the token shows that bears on this class of 401: phrases that continue "The token …".
 * Facts only: what the token says, what this machine's clock says, and what the API documents that it asks for.
 */
export function tokenFindings(api: ApiCodes, klass: ChallengeClass, anatomy: TokenAnatomy): string[] {
  if (!anatomy.jwt) return [notJwt(anatomy)];
  switch (klass) {
    case 'expired':
      return clockFindings(anatomy);
    case 'unusable':
      return ['has 3 sections and decodes as a JWT here', ...said(anatomy, ['alg', 'typ', 'kid'])];
    case 'unprocessable':
      return [...said(anatomy, ['kid', 'iss']), ...principalFindings(anatomy)];
    default:
      return [
        ...askedFor(api, anatomy),
        ...said(anatomy, ['alg', 'kid', 'typ', 'iss']),
        ...audience(anatomy),
        ...clockFindings(anatomy),
      ];
  }
}

/** A length of time in words: seconds up to two minutes, then minutes, hours, days. */
export function duration(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} days`;
}

function notJwt({ sections }: TokenAnatomy): string {
  if (sections === 3) return 'has 3 sections, but the first two are not JSON as in a JWT';
  const encrypted = sections === 5 ? ', as many as an encrypted token (JWE)' : '';
  return `has ${sections} section${sections === 1 ? '' : 's'} where a JWT has 3${encrypted}`;
}

function clockFindings({ expiresInSeconds, issuedSecondsAgo }: TokenAnatomy): string[] {
  const found: string[] = [];
  if (expiresInSeconds === undefined) found.push('has no exp that can be read');
  else if (expiresInSeconds < 0) found.push(`expired ${duration(expiresInSeconds)} ago by this machine's clock`);
  else found.push(`is good for another ${duration(expiresInSeconds)} by this machine's clock`);
  if (issuedSecondsAgo !== undefined && issuedSecondsAgo < 0) {
    found.push(`was issued ${duration(issuedSecondsAgo)} in the future by this machine's clock`);
  }
  return found;
}

function askedFor(api: ApiCodes, anatomy: TokenAnatomy): string[] {
  if (api.asks === undefined) return [];
  const { types, required } = api.asks;
  const has = { ...anatomy, iat: anatomy.issuedAt, exp: anatomy.expiresAt };
  const missing = required.filter((name) => has[name] === undefined);
  const found = missing.length === 0 ? [] : [`lacks ${missing.join(', ')}, which ${api.name} asks for`];
  const typ = anatomy.typ?.toLowerCase().replace(/^application\//, '');
  if (typ === undefined) found.push(`has no typ, for which ${api.name}'s ${api.settings.types} has to be blank`);
  else if (!types.includes(typ)) found.push(`has a typ outside ${api.name}'s default list (${types.join(', ')})`);
  return found;
}

function said(anatomy: TokenAnatomy, names: readonly ('alg' | 'kid' | 'typ' | 'iss')[]): string[] {
  const parts = names.flatMap((name) => {
    const value = anatomy[name];
    return value === undefined ? [] : [`${name} ${quote(value)}`];
  });
  return parts.length === 0 ? [] : [`says ${parts.join(', ')}`];
}

function audience({ aud }: TokenAnatomy): string[] {
  return aud === undefined ? ['has no aud'] : [`is for aud ${aud.slice(0, 3).map(quote).join(', ')}`];
}

function principalFindings({ principal }: TokenAnatomy): string[] {
  const parts = Object.entries(principal ?? {}).map(([claim, value]) => `${claim} ${quote(value)}`);
  return [parts.length === 0 ? 'names no principal (sub, azp, appid, client_id)' : `names ${parts.join(', ')}`];
}

function quote(value: string): string {
  const characters = [...value];
  return `'${characters.length <= longestValue ? value : `${characters.slice(0, longestValue - 1).join('')}…`}'`;
}
