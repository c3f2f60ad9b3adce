import { readFileSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { TokenAnswer } from '../../src/provider/token-answer.ts';

/** A vector of the group assertions. */
export interface AssertionVector {
  readonly id: string;
  readonly title: string;
  readonly kind: 'sign' | 'verify_negative' | 'config_error' | 'key_format';
  readonly given: {
    readonly config?: {
      readonly alg?: string;
      readonly ttl_s?: number;
      readonly exp_unit?: 'seconds' | 'milliseconds';
      readonly exp_type?: 'number' | 'string';
      readonly include_iat?: boolean;
      readonly kid?: string;
      readonly secret?: string;
    };
    readonly now_ms?: number;
    readonly exp_value?: string;
    readonly secret_utf8?: string;
    readonly key_ref?: string;
    readonly secret_ref?: string;
    readonly token?: string;
  };
  readonly expect: {
    readonly token?: string;
    readonly claims?: Readonly<Record<string, unknown>>;
    readonly header?: Readonly<Record<string, unknown>>;
  };
}

/** A vector of the group token_requests. */
export interface RequestVector {
  readonly id: string;
  readonly title: string;
  readonly kind: 'client_secret_basic' | 'token_request' | 'config_error';
  readonly given: {
    readonly grant?: string;
    readonly auth?: string;
    readonly client_id?: string;
    readonly client_secret?: string;
    readonly resource?: readonly string[];
    readonly token_url?: string;
    readonly assertion?: string;
    readonly subject_token?: string;
    readonly audience?: string;
  };
  readonly expect: {
    readonly decoded_username?: string;
    readonly decoded_password?: string;
    readonly acceptable_header_values?: readonly string[];
    readonly must_not_equal?: string | null;
    readonly content_type?: string;
    readonly body_pairs_unordered?: readonly (readonly [string, string])[];
    readonly example_body?: string;
    readonly header_present?: readonly string[];
    readonly no_header?: readonly string[];
    readonly absent_params?: readonly string[];
    readonly query_pairs?: readonly (readonly [string, string])[];
    readonly body?: string;
    readonly request_target?: string;
  };
}

/** A vector of the group token_responses. */
export interface ResponseVector {
  readonly id: string;
  readonly title: string;
  readonly config?: { readonly tokenField?: string };
  readonly given: {
    readonly now: number;
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly bodyBase64?: string;
  };
  readonly expect: {
    readonly ok: boolean;
    readonly lifetimeS?: number;
    readonly source?: string;
    readonly kind?: string;
    readonly code?: string;
    readonly retryAfterS?: number;
  };
}

interface Vectors {
  readonly keys: {
    readonly rsa2048: {
      readonly private_pkcs8_pem: string;
      readonly private_pkcs1_pem: string;
      readonly public_spki_pem: string;
    };
    readonly rsa1024_must_be_rejected: { readonly private_pkcs8_pem: string };
  };
  readonly assertions: readonly AssertionVector[];
  readonly token_requests: readonly RequestVector[];
  readonly token_responses: readonly ResponseVector[];
}

/** The acceptance data. */
export const vectors: Vectors = (() => {
  const url = new URL('../../../test/vectors/vectors.json', import.meta.url);
  // The file's own field notes describe these shapes.
  return JSON.parse(readFileSync(url, 'utf8')) as Vectors;
})();

/** The vector with this id. */
export function byId<V extends { readonly id: string }>(group: readonly V[], id: string): V {
  const found = group.find((vector) => vector.id === id);
  if (found === undefined) throw new Error(`there is no vector ${id}`);
  return found;
}

/** Raw body bytes as the vector's server sends them. */
export function bodyOf({ given }: ResponseVector): Buffer {
  return given.bodyBase64 === undefined
    ? Buffer.from(given.body ?? '', 'utf8')
    : Buffer.from(given.bodyBase64, 'base64');
}

/** The answer as the parser gets it: decoded. */
export function answerOf(vector: ResponseVector): TokenAnswer {
  const { status, headers } = vector.given;
  const decode: Readonly<Record<string, (data: Buffer) => Buffer>> = {
    gzip: gunzipSync,
    br: brotliDecompressSync,
    deflate: inflateSync,
  };
  const raw = bodyOf(vector);
  return { status, headers, text: (decode[headers['content-encoding'] ?? '']?.(raw) ?? raw).toString('utf8') };
}
