/** What is odd about a token request, seen without asking anybody: the likely reason when it is refused. */
export interface Suspicion {
  /** Stable name, for `doctor`. */
  readonly id: 'secret_has_whitespace' | 'client_id_has_colon' | 'key_and_secret_exchanged' | 'assertion_too_far_ahead';
  /** One sentence without its full stop; never the secret. */
  readonly sentence: string;
  readonly cure: string;
}

/** Error codes by which a token endpoint refuses whoever asks, not what was asked for. */
const refusals = new Set([
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_token',
  'unauthorized_client',
  'http_400',
  'http_401',
  'http_403',
]);

/** Whether a failed token request may be due to how the client proved who it is (RFC 6749 §5.2). */
export function blamesProof(reason: string): boolean {
  return refusals.has(reason);
}

/**
 * A secret that begins or ends with white space, or has a line break in it: mostly an editor's or a shell's.
 * @param option the key of the configuration that it came from.
 */
export function oddSecret(secret: string, option: string): Suspicion | undefined {
  const where = secret.trim() === secret ? '' : secret.trimStart() === secret ? 'ends with' : 'begins with';
  if (where === '' && !/[\r\n]/.test(secret)) return undefined;
  const edge = where === 'begins with' ? secret.slice(0, 1) : secret.slice(-1);
  const what = where === '' ? 'contains a line break' : `${where} ${/[\r\n]/.test(edge) ? 'a line break' : 'a space'}`;
  return {
    id: 'secret_has_whitespace',
    sentence: `The value of ${option} ${what}, which is sent as a part of it`,
    cure: `Remove the white space from ${option}: printf %s SECRET > FILE writes a file without it (one newline at the end is ignored).`,
  };
}

/** A client id with a colon under raw Basic: the endpoint splits id and secret at the first colon (RFC 7617 §2). */
export function colonInRawId(clientId: string): Suspicion | undefined {
  if (!clientId.includes(':')) return undefined;
  return {
    id: 'client_id_has_colon',
    sentence: 'The clientId contains a colon, and with basicEncoding: raw the token endpoint splits it there',
    cure: 'Write basicEncoding: form, or clientAuthentication: client_secret_post.',
  };
}

/**
 * A key that looks generated beside a secret that looks like a name. The two cannot be told apart for certain, and trying
 * them out the other way round would send the secret as an issuer.
 */
export function exchanged(key: string, secret: string): Suspicion | undefined {
  if (!looksGenerated(key) || looksGenerated(secret)) return undefined;
  return {
    id: 'key_and_secret_exchanged',
    sentence: 'The key looks like a generated secret and the secret looks like a name: they may be exchanged',
    cure: 'Write the REST key as key and the REST secret as secret.',
  };
}

/** Twenty or more letters, digits and hyphens, of which a quarter are digits. */
function looksGenerated(text: string): boolean {
  return /^[\w+/=-]{20,}$/.test(text) && text.replace(/\D/g, '').length * 4 >= text.length;
}

/**
 * An assertion whose expiry the endpoint may find too far ahead: Collaborate allows 5 minutes, others up to an hour.
 * @param milliseconds `exp` is written in them.
 */
export function farAhead(lifetimeMs: number, milliseconds: boolean): Suspicion | undefined {
  if (milliseconds) {
    return {
      id: 'assertion_too_far_ahead',
      sentence: 'The exp of the assertion is in milliseconds, which who reads seconds takes for the far future',
      cure: 'Remove expUnit: RFC 7519 wants seconds.',
    };
  }
  if (lifetimeMs <= mostOrdinaryMs) return undefined;
  return {
    id: 'assertion_too_far_ahead',
    sentence: `The assertion is good for ${Math.round(lifetimeMs / 1000)} s, and many token endpoints allow ${mostOrdinaryMs / 1000} s`,
    cure: `Write assertionLifetime: ${mostOrdinaryMs / 1000}s, or less.`,
  };
}

const mostOrdinaryMs = 300_000;

/** What to do where the endpoint's own words are about the time in an assertion; undefined = they are not. */
export function cureOfTime(words: string, lifetimeMs: number): string | undefined {
  if (!/\b(exp|nbf|iat|expired|expiry|expiration|not yet valid|in the future|clock)\b/i.test(words)) return undefined;
  return `Compare this machine's clock with that of the token endpoint: by this machine's, the assertion is valid for ${lifetimeMs / 1000} s from now.`;
}
