import { isLoopback } from '../net/loopback.ts';
import { quotation } from './quotation.ts';
import { bodyDescription, jsonObject, type TokenAnswer } from './token-answer.ts';

/** What bearerd uses of an issuer's metadata (RFC 8414 §2, RFC 8705 §5). */
export interface IssuerMetadata {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  /** The token endpoint for clients with a certificate, where it is another one. */
  readonly mtlsTokenEndpoint: string | undefined;
  /** Where the issuer publishes its keys; used for explanations only. */
  readonly jwksUri: string | undefined;
}

/** Why a document cannot be used. */
export interface UnusableMetadata {
  /** What happened, as the second half of a sentence that starts with the address. */
  readonly happened: string;
  /** foreign: it is the metadata of somebody else; incomplete: of this issuer, but of no use; absent: no metadata at all. */
  readonly fault: 'foreign' | 'incomplete' | 'absent';
  readonly action: string;
}

/**
 * Where the metadata of an issuer can be: inserted before its path (RFC 8414 §3.1), or appended to it (OpenID Connect
 * Discovery 1.0 §4.1). In the order in which they are asked.
 */
export function metadataUrls(issuer: string): readonly [string, string] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

/**
 * Judges the answer of one of the addresses. A document of another issuer is never used (RFC 8414 §3.3), and a token
 * endpoint over plain http only where the issuer was allowed to be so.
 */
export function readMetadata(
  answer: TokenAnswer,
  issuer: string,
  insecureHttp: boolean,
): IssuerMetadata | UnusableMetadata {
  const document = answer.status === 200 ? jsonObject(answer.text) : undefined;
  if (document === undefined) return absent(answer);
  const { issuer: said, token_endpoint: tokenEndpoint, jwks_uri: jwksUri } = document;
  if (said !== issuer) return foreign(said, issuer);
  const aliases = document['mtls_endpoint_aliases'];
  const mtls = isRecord(aliases) ? aliases['token_endpoint'] : undefined;
  for (const [name, value] of [
    ['token_endpoint', tokenEndpoint],
    ['mtls_endpoint_aliases.token_endpoint', mtls ?? tokenEndpoint],
  ] as const) {
    const problem = complaintAbout(value, issuer, insecureHttp);
    if (problem !== undefined) {
      return {
        happened: `answered with metadata whose ${name} ${problem}`,
        fault: 'incomplete',
        action: "Set the credential's tokenEndpoint.",
      };
    }
  }
  return {
    issuer,
    tokenEndpoint: String(tokenEndpoint),
    mtlsTokenEndpoint: mtls === undefined ? undefined : String(mtls),
    jwksUri: typeof jwksUri === 'string' ? jwksUri : undefined,
  };
}

function absent(answer: TokenAnswer): UnusableMetadata {
  const what = answer.status === 200 ? `, but ${bodyDescription(answer, (text) => text)}` : '';
  return {
    happened: `answered ${answer.status}${what}`,
    fault: 'absent',
    action: "Check the credential's issuer, or set its tokenEndpoint, which needs no discovery.",
  };
}

function foreign(said: unknown, issuer: string): UnusableMetadata {
  if (typeof said !== 'string') {
    return {
      happened: `answered with metadata that names no issuer, so it cannot be that of ${issuer}`,
      fault: 'foreign',
      action: "Check the credential's issuer, or set its tokenEndpoint.",
    };
  }
  const shown = quotation(said, (text) => text);
  return {
    happened: `answered with the metadata of the issuer ${shown}, but the credential's issuer is "${issuer}"`,
    fault: 'foreign',
    action: `If that issuer is meant, write it exactly so (each slash counts): issuer: ${shown.slice(1, -1)}`,
  };
}

function complaintAbout(value: unknown, issuer: string, insecureHttp: boolean): string | undefined {
  if (value === undefined) return 'is missing';
  if (typeof value !== 'string' || !URL.canParse(value)) return 'is not a URL';
  const { protocol, hostname } = new URL(value);
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return `has the scheme ${quotation(protocol.slice(0, -1), (text) => text)}`;
  const atHome = isLoopback(hostname) && isLoopback(new URL(issuer).hostname);
  return atHome || insecureHttp ? undefined : 'is plain http, so the secret could be read on the way';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
