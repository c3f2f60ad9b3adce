import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** A key pair made without jose, so that tokens are checked and made independently of the emulators. */
export function rsaKey(kid: string): { privateKey: KeyObject; jwk: Record<string, unknown>; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, publicPem, jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } };
}

/** base64url of the JSON of a value, or of the text itself. */
export function section(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** A JWT put together by hand: RS256 with a key, HS256 with a text. */
export function token(header: unknown, claims: unknown, key: KeyObject | string): string {
  const input = `${section(header)}.${section(claims)}`;
  const signature =
    typeof key === 'string'
      ? createHmac('sha256', key).update(input).digest('base64url')
      : sign('RSA-SHA256', Buffer.from(input), key).toString('base64url');
  return `${input}.${signature}`;
}

/** The header and claims of a JWT, unverified. */
export function decoded(jwt: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = ''] = jwt.split('.');
  const parse = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { header: parse(header), claims: parse(claims) };
}

/** A server that serves one JSON document, and can be stopped. */
export async function documentServer(
  t: Test,
  document: () => unknown,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer((_request, response) => response.end(JSON.stringify(document())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  t.teardown(stop);
  // The server listens on TCP, so its address is an object.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`, stop };
}

/** A form POST. */
export function form(fields: Record<string, string> | string, headers: Record<string, string> = {}): RequestInit {
  return { method: 'POST', body: new URLSearchParams(fields), headers };
}

/** A Basic header with form-encoded halves (RFC 6749 §2.3.1). */
export function basic(id: string, secret: string): { authorization: string } {
  const encode = (text: string): string => encodeURIComponent(text).replaceAll('%20', '+');
  return { authorization: `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}` };
}

/** Members that the emulators' JSON answers may have; the tests compare what they find. */
export interface AnswerBody {
  readonly access_token: string;
  readonly expires_in: number;
  readonly error: string;
  readonly errorCode: string | undefined;
  readonly errorKey: string | undefined;
  readonly errorCodes: object;
  readonly recent: readonly object[];
  readonly received: object;
  readonly view: readonly object[];
  readonly keys: readonly [Readonly<Record<string, string>>, ...Readonly<Record<string, string>>[]];
}

/** The JSON body of an answer. */
export async function read(response: Response): Promise<AnswerBody> {
  // JSON.parse knows nothing of the shape; a missing member fails the comparison it is used in.
  return (await response.json()) as AnswerBody;
}
