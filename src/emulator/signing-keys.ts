import { randomBytes, randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from 'jose';

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** How a token differs from what is usual. */
export interface Signing {
  /** Header `typ`; the empty string leaves it out. */
  readonly typ: string;
  /** Header `kid`; the empty string leaves it out. Default that of the key. */
  readonly kid?: string;
  /** Default RS256. */
  readonly algorithm?: 'HS256' | 'none';
  /** Signed with a key that nobody publishes, under the kid of one that is. */
  readonly forged?: boolean;
}

function section(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
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

  /** A JWT, signed as asked for. */
  async sign({ typ, algorithm, forged, ...how }: Signing, claims: Readonly<Record<string, unknown>>): Promise<string> {
    const [key] = this.#keys;
    const kid = how.kid ?? key.kid;
    const header = { ...(kid === '' ? {} : { kid }), ...(typ === '' ? {} : { typ }) };
    if (algorithm === 'none') return `${section({ alg: 'none', ...header })}.${section(claims)}.`;
    const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm ?? 'RS256', ...header });
    if (algorithm === 'HS256') return await jwt.sign(randomBytes(32));
    const { privateKey } = forged ? await createKey() : key;
    return await jwt.sign(privateKey);
  }
}
