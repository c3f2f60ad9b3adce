import type { KeyEvidence } from './key-evidence.ts';
import { decodeUnverifiedJwt, sections } from './unverified-jwt.ts';

/** A token taken apart for people: never the signature, which is what makes it a credential. */
export interface TokenView {
  /** Three sections of which the first two are JSON objects. */
  readonly jwt: boolean;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Of the signature only its length. */
  readonly signatureBytes?: number;
  readonly signature?: SignatureView;
  /** Of a token that is no JWT: how many dot-separated sections it has (5 = encrypted), and its length. */
  readonly sections?: number;
  readonly characters?: number;
}

/** Whether the issuer's published keys verify the signature. */
export interface SignatureView {
  /** null = nobody can tell. */
  readonly verified: boolean | null;
  /** In words; continues "the signature is …". */
  readonly detail: string;
}

/** Takes a token apart; only the keys' evidence says something about who made it. */
export function viewOf(token: string, keys: KeyEvidence | undefined): TokenView {
  const parsed = decodeUnverifiedJwt(token);
  if (parsed === undefined) return { jwt: false, sections: sections(token), characters: token.length };
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return {
    jwt: true,
    ...parsed,
    signatureBytes: Buffer.from(signature, 'base64url').length,
    signature: signatureView(keys),
  };
}

function signatureView(keys: KeyEvidence | undefined): SignatureView {
  if (keys === undefined) {
    return { verified: null, detail: 'not verified: nothing says where the keys are (write expect.jwks)' };
  }
  switch (keys.state) {
    case 'verified':
      return { verified: true, detail: `verified with the keys at ${keys.url}` };
    case 'bad-signature':
      return { verified: false, detail: `WRONG: the key of this kid at ${keys.url} does not verify it` };
    case 'unknown-kid':
      return { verified: false, detail: `not verified: no key at ${keys.url} has this kid` };
    case 'not-applicable':
    case 'unavailable':
      return { verified: null, detail: `not verified: ${keys.why}` };
  }
}

/** The view in lines of text, times as dates. */
export function viewLines(view: TokenView): string[] {
  if (!view.jwt) {
    const kind = view.sections === 5 ? 'an encrypted JWT' : 'opaque, not a JWT';
    return [`token: ${kind} (${view.characters} characters)`];
  }
  return [
    `header: ${JSON.stringify(view.header, null, 2)}`,
    `payload: ${JSON.stringify(view.payload, null, 2)}`,
    ...timeLines(view.payload ?? {}),
    `signature: ${view.signatureBytes} bytes, ${view.signature?.detail}`,
  ];
}

function timeLines(payload: Readonly<Record<string, unknown>>): string[] {
  return ['iat', 'nbf', 'exp'].flatMap((claim) => {
    const value = payload[claim];
    const date = new Date(typeof value === 'number' ? value * 1000 : Number.NaN);
    return Number.isNaN(date.getTime()) ? [] : [`${claim}: ${date.toISOString()}`];
  });
}
