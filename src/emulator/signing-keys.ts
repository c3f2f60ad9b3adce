import { randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from 'jose';

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

async function createKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { modulusLength: 2048 });
  const kid = randomUUID();
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' } };
}

/** The RS256 keys of an issuer: the first signs, all are published. */
export class SigningKeys {
  #keys: readonly [SigningKey, ...SigningKey[]];

  private constructor(first: SigningKey) {
    this.#keys = [first];
  }

  /** Makes an issuer's first key. */
  static async create(): Promise<SigningKeys> {
    return new SigningKeys(await createKey());
  }

  /** The published key set (RFC 7517 §5). */
  get keySet(): JSONWebKeySet {
    return { keys: this.#keys.map((key) => key.publicJwk) };
  }

  /** Signs with a new key from now on; without `keep` the old ones are withdrawn, and their tokens with them. */
  async rotate(keep: boolean): Promise<void> {
    const first = await createKey();
    this.#keys = keep ? [first, ...this.#keys] : [first];
  }

  /** A signed JWT; an empty `typ` leaves the member out. */
  async sign(typ: string, claims: Readonly<Record<string, unknown>>): Promise<string> {
    const [{ kid, privateKey }] = this.#keys;
    const header = { alg: 'RS256', kid, ...(typ === '' ? {} : { typ }) };
    return await new SignJWT({ ...claims }).setProtectedHeader(header).sign(privateKey);
  }
}
