import { complain, type Input, type ParseContext, resolvePath } from '../input.ts';
import type { Secret } from '../secret.ts';
import { type Complaint, type Invalid, invalid, type Shape } from '../shape.ts';
import { pemOrPath } from './certificate.ts';
import { object } from './group.ts';
import { leaf } from './leaf.ts';
import { list } from './list.ts';
import { secret } from './secret.ts';

/** Where tokens are kept besides the memory of the process. */
export type CacheConfig =
  | { readonly kind: 'memory' }
  | {
      readonly kind: 'redis';
      /** `redis://` or `rediss://`, perhaps with user name and password. */
      readonly url: Secret;
      /** The first encrypts, all decrypt. */
      readonly keys: readonly Secret[];
      /** PEM texts besides the well-known authorities. */
      readonly ca: readonly string[] | undefined;
    }
  | {
      readonly kind: 'file';
      /** Absolute. */
      readonly path: string;
      readonly keys: readonly Secret[];
    };

/** Characters of a key at least: 32 random bytes are 44 in base64, and 16 are 32 in hex. */
export const shortestKey = 32;
const howToMakeKey = 'make one with: openssl rand -base64 32';

function checkKey(key: Secret): Complaint | undefined {
  const bytes = key.facts()?.bytes;
  if (bytes === undefined || bytes >= shortestKey) return undefined;
  return { problem: `has ${bytes} characters, which is too short for an encryption key`, cure: howToMakeKey };
}

const oneKey = secret({ doc: 'A key.', check: checkKey });

/** One secret or a list of them. */
const keys: Shape<readonly Secret[] | undefined> = leaf<readonly Secret[]>({
  type: 'secret or list of secrets',
  spec: {
    doc: `Encrypts what is kept: at least ${shortestKey} random characters (${howToMakeKey}). Of a list the first encrypts and all decrypt.`,
    example: '{ file: ./cache-key }',
    check: (value) => (value.length > 0 ? undefined : { problem: 'is an empty list', cure: howToMakeKey }),
  },
  schema: { anyOf: [oneKey.jsonSchema(), { type: 'array', items: oneKey.jsonSchema(), minItems: 1 }] },
  fallback: undefined,
  defaultText: undefined,
  secret: true,
  read(input, path, context) {
    const items = input.kind === 'list' ? input.items : [input];
    const values = items.map((item, index) =>
      oneKey.parse(item, input.kind === 'list' ? `${path}[${index}]` : path, context),
    );
    const good = values.filter((value): value is Secret => value !== invalid && value !== undefined);
    return good.length === values.length ? good : invalid;
  },
});

const group = object(
  {
    redis: secret({
      doc: 'Processes share their tokens by this Redis or Valkey (see token-cache.md): `redis://` or `rediss://[user:password@]host[:port][/number]`.',
      example: 'redis://127.0.0.1:6379',
      check: (url) => {
        const scheme = url.facts()?.scheme;
        if (scheme === undefined || scheme === 'redis:' || scheme === 'rediss:') return undefined;
        return {
          problem: 'is not the URL of a Redis',
          cure: 'write redis:// or rediss://, for example redis://127.0.0.1:6379',
        };
      },
    }),
    file: leaf<string>({
      type: 'path',
      spec: {
        doc: 'Tokens survive a restart in this file (mode 0600). With neither, or with `cache: memory`, they stay in the process.',
        example: './tokens',
      },
      schema: { type: 'string' },
      fallback: undefined,
      defaultText: undefined,
      read: readPath,
    }),
    key: keys,
    tls: object(
      {
        ca: list(pemOrPath({ doc: 'A certificate authority.', required: true }), {
          doc: 'Certificate authorities to trust for rediss besides the well-known ones: paths, or PEM text.',
          example: './ca.pem',
        }),
      },
      { doc: 'TLS towards Redis.' },
    ),
  },
  {
    doc: '`memory`, or where tokens are kept besides; see docs/token-cache.md.',
    check({ redis, file, key, tls }, report) {
      if (redis !== undefined && file !== undefined) report('file', 'stands beside redis', 'keep one of them');
      const one = redis === undefined ? 'file' : 'redis';
      const place = redis ?? file;
      if (place !== undefined && key === undefined) {
        report(one, 'has no key to encrypt with', `write key: { file: ./cache-key } beside it, and ${howToMakeKey}`);
      }
      if (place === undefined && key !== undefined) {
        report('key', 'has nothing to encrypt', 'write redis: URL or file: PATH beside it, or remove it');
      }
      if (redis === undefined && tls.ca !== undefined) report('tls.ca', 'is for rediss only', 'remove it');
    },
  },
);

function readPath(input: Input, path: string, context: ParseContext): string | Invalid {
  if (input.kind === 'scalar' && typeof input.value === 'string' && input.value !== '') {
    return resolvePath(input.value, input.origin, context.cwd);
  }
  complain(context, input.origin, path, 'is not a path', 'write file: ./tokens');
  return invalid;
}

/** `memory`, or a group with a place and a key. */
export const tokenCache: Shape<CacheConfig> = {
  ...group,
  parse(input, path, context) {
    if (input.kind === 'scalar') {
      context.seen?.push({ path, input, option: { secret: false, defaultText: 'memory' } });
      if (input.value === 'memory') return { kind: 'memory' };
      const cure = 'write memory, { redis: URL, key: { file: PATH } } or { file: PATH, key: { file: PATH } }';
      complain(context, input.origin, path, 'is not a place for tokens', cure);
      return invalid;
    }
    const value = group.parse(input, path, context);
    if (value === invalid) return invalid;
    const { redis, file, key = [], tls } = value;
    if (redis !== undefined) return { kind: 'redis', url: redis, keys: key, ca: tls.ca };
    return file === undefined ? { kind: 'memory' } : { kind: 'file', path: file, keys: key };
  },
  absent(_origin, path, context) {
    context.seen?.push({ path, input: undefined, option: { secret: false, defaultText: 'memory' } });
    return { kind: 'memory' };
  },
  jsonSchema: () => ({ anyOf: [{ const: 'memory' }, group.jsonSchema()] }),
};
