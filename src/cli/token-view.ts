import { decodeUnverifiedJwt, sections } from '../token/unverified-jwt.ts';

/** A token taken apart for people: never the signature, which is what makes it a credential. */
export interface TokenView {
  /** Three sections of which the first two are JSON objects. */
  readonly jwt: boolean;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** Of the signature only its length. */
  readonly signatureBytes?: number;
  /** Of a token that is no JWT: how many dot-separated sections it has (5 = encrypted), and its length. */
  readonly sections?: number;
  readonly characters?: number;
}

/** Takes a token apart; proves nothing about who made it. */
export function viewOf(token: string): TokenView {
  const parsed = decodeUnverifiedJwt(token);
  if (parsed === undefined) return { jwt: false, sections: sections(token), characters: token.length };
  const signature = token.slice(token.lastIndexOf('.') + 1);
  return { jwt: true, ...parsed, signatureBytes: Buffer.from(signature, 'base64url').length };
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
    `signature: ${view.signatureBytes} bytes, not verified`,
  ];
}

function timeLines(payload: Readonly<Record<string, unknown>>): string[] {
  return ['iat', 'nbf', 'exp'].flatMap((claim) => {
    const value = payload[claim];
    const date = new Date(typeof value === 'number' ? value * 1000 : Number.NaN);
    return Number.isNaN(date.getTime()) ? [] : [`${claim}: ${date.toISOString()}`];
  });
}
