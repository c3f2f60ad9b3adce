import type { Answer } from './answer.ts';
import type { Call } from './emulator.ts';

/** A client that a token endpoint knows. */
export interface OAuthClient {
  readonly id: string;
  /** undefined = a public client, which sends client_id alone. */
  readonly secret?: string;
  /** `sub` of its tokens; default its id. */
  readonly subject?: string;
  /** Scopes it may ask for; default any. An empty list refuses every scope. */
  readonly scopes?: readonly string[];
  /** How its tokens differ from those of other clients, as one set up wrong at the IdP; only the emulated IdP heeds it. */
  readonly token?: {
    readonly typ?: string;
    readonly opaque?: boolean;
    readonly lifetimeSeconds?: number;
  };
}

/** A token request that was found to be in order. */
export interface Grant {
  readonly client: OAuthClient;
  readonly form: URLSearchParams;
  readonly scope: string | undefined;
}

interface Login {
  readonly id: string;
  readonly secret: string | undefined;
}

/** An error answer of a token endpoint (RFC 6749 §5.2). */
export function oauthError(
  error: string,
  description: string,
  status = 400,
  headers: Record<string, string> = {},
): Answer {
  const noStore = { 'Cache-Control': 'no-store', Pragma: 'no-cache' };
  return {
    status,
    headers: { ...noStore, ...headers },
    json: { error, error_description: description },
    errorCode: error,
  };
}

/**
 * Judges a client credentials token request as RFC 6749 §2.3, §3.2 and §4.4 ask: client_secret_basic with
 * form-encoded halves (§2.3.1), client_secret_post, or client_id alone for public clients.
 */
export function judgeTokenRequest(call: Call, clients: readonly OAuthClient[]): Grant | Answer {
  if (call.method !== 'POST') return oauthError('invalid_request', 'Token requests are POST.', 405, { Allow: 'POST' });
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(call.headers['content-type'] ?? '')) {
    return oauthError('invalid_request', 'The body must be application/x-www-form-urlencoded.');
  }
  if (call.query.has('client_id') || call.query.has('client_secret')) {
    return oauthError('invalid_request', 'Client credentials must not be in the request URI.');
  }
  const form = new URLSearchParams(call.body.text);
  // RFC 8707 §2: resource is the one parameter that may repeat.
  const repeated = [...new Set(form.keys())].find((name) => name !== 'resource' && form.getAll(name).length > 1);
  if (repeated !== undefined) return oauthError('invalid_request', `The parameter ${repeated} is repeated.`);

  const authorization = call.headers.authorization;
  if (authorization !== undefined && form.has('client_secret')) {
    return oauthError('invalid_request', 'Only one client authentication method is allowed.');
  }
  const login = authorization === undefined ? formLogin(form) : basicLogin(authorization);
  const client = clients.find((known) => known.id === login?.id && known.secret === login.secret);
  if (
    client === undefined ||
    (authorization !== undefined && form.has('client_id') && form.get('client_id') !== client.id)
  ) {
    const headers =
      authorization === undefined ? {} : { 'WWW-Authenticate': 'Basic realm="token endpoint", charset="UTF-8"' };
    return oauthError('invalid_client', 'The client is unknown or its secret is wrong.', 401, { ...headers });
  }

  const grantType = form.get('grant_type');
  if (!grantType) return oauthError('invalid_request', 'The parameter grant_type is missing.');
  if (grantType !== 'client_credentials')
    return oauthError('unsupported_grant_type', 'Only client_credentials is supported.');
  // RFC 6749 §3.2: a parameter without a value counts as omitted.
  const scope = form.get('scope') || undefined;
  const { scopes } = client;
  const foreign = scopes === undefined ? undefined : scope?.split(' ').find((one) => !scopes.includes(one));
  if (foreign !== undefined) return oauthError('invalid_scope', 'A requested scope is unknown to this client.');
  return { client, form, scope };
}

/** The answer with a token (RFC 6749 §5.1). */
export function tokenAnswer(token: string, lifetimeSeconds: number, scope: string | undefined): Answer {
  return {
    status: 200,
    headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' },
    json: {
      access_token: token,
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
      ...(scope === undefined ? {} : { scope }),
    },
  };
}

function formLogin(form: URLSearchParams): Login | undefined {
  const id = form.get('client_id');
  return id === null ? undefined : { id, secret: form.get('client_secret') ?? undefined };
}

function basicLogin(authorization: string): Login | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) return undefined;
  const id = formDecode(pair.slice(0, colon));
  const secret = formDecode(pair.slice(colon + 1));
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
