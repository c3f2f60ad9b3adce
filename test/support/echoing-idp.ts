import { createHmac, randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { LeakSearch } from './leak-search.ts';
import { type Seen, startUpstream, type Upstream } from './upstream.ts';

/** An answer of a token endpoint; `echo` holds the credentials as they were sent, and decoded. */
type Answer = (response: ServerResponse, echo: string, seen: Seen) => void;

/** Answers that are no tokens, by the first part of the path; they show the credentials wherever somebody may print it. */
export const idpAnswers: Readonly<Record<string, Answer>> = {
  refused: (response, echo) => json(response, 401, { error: 'invalid_client', error_description: `wrong: ${echo}` }),
  code: (response, echo) => json(response, 400, { error: echo, error_uri: `https://x/?${echo}` }),
  encoded: (response, _echo, { headers, body }) => {
    const secret = new URLSearchParams(body.toString()).get('client_secret') ?? basicSecret(headers.authorization);
    const forms = [Buffer.from(secret).toString('base64'), encodeURIComponent(secret), new URLSearchParams({ secret })];
    const description = `${headers.authorization?.slice('Basic '.length)} ${forms.join(' ')}`;
    json(response, 400, { error: 'invalid_client', error_description: description });
  },
  'ok-with-error': (response, echo) => json(response, 200, { errorKey: 'no', errorMessage: echo, errorDetail: echo }),
  html: (response, echo) =>
    response.writeHead(500, { 'Content-Type': 'text/html' }).end(`<title>${echo}</title><p>${echo}`),
  text: (response, echo) => response.writeHead(200).end(`{"access_token": ${echo}`),
  redirect: (response, _echo, { url, body }) =>
    response.writeHead(307, { Location: `http://other.example.com/${body}?${url.split('?')[1]}&${body}` }).end(),
  'bad-token': (response) =>
    json(response, 200, { access_token: 'eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJl\r\nX: 1', expires_in: 300 }),
  'bad-type': (response, echo) => json(response, 200, { access_token: 'a-token-of-another-type', token_type: echo }),
  garbage: (response, echo) => response.socket?.end(`${echo}\r\n\r\n`),
  'bad-header': (response, echo) => response.socket?.end(`HTTP/1.1 200 OK\r\nX-Echo\x01: ${echo}\r\n\r\n`),
  silent: () => {},
  closed: (response) => response.socket?.destroy(),
};

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** What startEchoingIdp needs to know. */
export interface EchoingIdpOptions {
  /** Gets every token that is issued, and every assertion and all credentials that arrive. */
  readonly search: LeakSearch;
  readonly clientId: string;
  /** The secrets that may arrive. */
  readonly secrets: readonly string[];
}

/** A token endpoint with a bad character. */
export interface EchoingIdp {
  readonly idp: Upstream;
  /** How many tokens were issued. */
  readonly issued: () => number;
  /** Token requests whose id or secret did not arrive as configured. */
  readonly misread: readonly string[];
}

/** Starts a token endpoint that answers as the first part of the path says; every other path issues tokens. */
export async function startEchoingIdp({ search, clientId, secrets }: EchoingIdpOptions): Promise<EchoingIdp> {
  let issued = 0;
  const misread: string[] = [];
  const idp = await startUpstream((seen, response) => {
    const [, kind = ''] = seen.url.split(/[/?]/);
    const form = new URLSearchParams(seen.body.toString() || seen.url.split('?')[1]);
    const { authorization } = seen.headers;
    const assertion = form.get('assertion');
    for (const name of ['assertion', 'client_assertion', 'subject_token', 'refresh_token']) {
      const value = form.get(name);
      if (value !== null) search.plant(name, value);
    }
    const basic = authorization?.slice('Basic '.length) ?? '';
    if (basic !== '') search.plant('Basic credentials', basic);
    const decoded = Buffer.from(basic, 'base64');
    const answer = idpAnswers[kind];
    if (answer !== undefined) {
      answer(response, `${authorization} ${decoded} ${seen.body} ${form.get('client_secret')} ${assertion}`, seen);
      return;
    }
    const id = basic === '' ? form.get('client_id') : formDecode(decoded.toString().split(':')[0]);
    const secret = basic === '' ? form.get('client_secret') : basicSecret(authorization);
    const byPassword = basic !== '' || secret !== null;
    if (byPassword && assertion === null && !(id === clientId && secrets.includes(secret ?? '')))
      misread.push(`${seen.url} ${basic}`);
    issued += 1;
    const iat = Math.floor(Date.now() / 1000);
    const token = signedJwt({ iss: 'idp', aud: 'api', sub: 'me', iat, exp: iat + 300 });
    const others = { refresh_token: randomBytes(16).toString('hex'), id_token: signedJwt({ sub: 'id token' }) };
    for (const one of [token, ...Object.values(others)]) search.plant('token', one);
    json(response, 200, { access_token: token, expires_in: 300, ...others });
  });
  return { idp, issued: () => issued, misread };
}

/** A JWT that no other equals. */
export function signedJwt(claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const payload = { ...claims, jti: randomBytes(16).toString('hex') };
  const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'k' })}.${encode(payload)}`;
  return `${signed}.${createHmac('sha256', 'the signing key of the test').update(signed).digest('base64url')}`;
}

function basicSecret(authorization = ''): string {
  return formDecode(Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':')[1]);
}

/** Collaborate's Basic credentials are not form-encoded (wire facts 1.2), so a percent sign may stand alone. */
function formDecode(text = ''): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
