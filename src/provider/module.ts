import { createRequire } from 'node:module';
import { faultOf } from '../config/define-provider.ts';
import { written } from '../config/option/any-value.ts';
import { object } from '../config/option/group.ts';
import { parsed } from '../config/option/parsed.ts';
import type { Lint, ProviderContext, ProviderDefinition } from '../config/provider-definition.ts';
import { redact } from '../config/secret.ts';
import { invalid, type Shape } from '../config/shape.ts';
import { type TokenProvider, TokenRequestError } from '../token/provider.ts';
import { quotation } from './quotation.ts';

type Foreign = ProviderDefinition<unknown>;

/** A module that could be loaded, and its name. */
class LoadedModule {
  /** Absolute. */
  readonly path: string;
  readonly #definition: Foreign;

  constructor(path: string, definition: Foreign) {
    this.path = path;
    this.#definition = definition;
  }

  /** What it exports; not a member that a fingerprint of the options would walk through. */
  get definition(): Foreign {
    return this.#definition;
  }
}

const keys = object(
  {
    path: parsed<LoadedModule, { readonly required: true }>({
      doc: 'An ES module whose default export is defineProvider({ … }); it is loaded when the configuration is read, and once per process.',
      type: 'path',
      required: true,
      example: './my-provider.mjs',
      read: (text, where) => load(where(text)),
    }),
    options: written({
      doc: 'The options of the module, as its own schema describes them.',
      example: '{ url: https://vault.example.com }',
    }),
  },
  { doc: 'A provider of your own.' },
);

interface Options {
  readonly module: LoadedModule;
  /** As the module's schema gives them. */
  readonly options: unknown;
}

/** The module's own options are read by its own schema, so that their mistakes have their places too. */
const schema: Shape<Options> = {
  ...keys,
  parse(input, path, context) {
    const own = keys.parse(input, path, context);
    if (own === invalid) return invalid;
    const { definition } = own.path;
    const at = path === '' ? 'options' : `${path}.options`;
    const options =
      own.options === undefined
        ? definition.schema.absent(input.origin, at, context)
        : definition.schema.parse(own.options, at, context);
    return options === invalid ? invalid : { module: own.path, options };
  },
  absent(origin, path, context) {
    keys.absent(origin, path, context);
    return invalid;
  },
};

/** A provider of the user's own, in an ES module. */
export const module: ProviderDefinition<Options> = {
  kind: 'module',
  doc: 'Runs a provider of your own, an ES module made with defineProvider (see library.md).',
  schema,
  create: ({ module: { path, definition }, options }, context) => guarded(definition, options, context, path),
  lint: ({ module: { definition }, options }, usage): readonly Lint[] =>
    (definition.lint?.(options, usage) ?? []).map((lint) => ({ ...lint, path: `options.${lint.path}` })),
};

function load(path: string): { readonly value: LoadedModule } | { readonly problem: string; readonly cure: string } {
  const cure = 'write the path of a module with export default defineProvider({ … }), see docs/library.md';
  let exported: unknown;
  try {
    exported = createRequire(path)(path);
  } catch (error) {
    return { problem: `the module ${path} cannot be loaded: ${whyNot(error)}`, cure };
  }
  const definition: unknown =
    typeof exported === 'object' && exported !== null && 'default' in exported ? exported.default : exported;
  const fault = faultOf(definition);
  if (fault !== undefined) return { problem: `the default export of ${path} is no provider: ${fault}`, cure };
  // faultOf has looked at every member.
  return { value: new LoadedModule(path, definition as Foreign) };
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_REQUIRE_ASYNC_MODULE') return 'it has an await at its top level; move it into requestToken';
  const words = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  return quotation(words, redact) || 'no reason is given';
}

/** Keeps the promises of a provider towards its token source, whatever the module does. */
function guarded(definition: Foreign, options: unknown, context: ProviderContext, path: string): TokenProvider {
  const provider = definition.create(options, context);
  const { secretsChanged, close } = provider;
  return {
    async requestToken(signal) {
      try {
        return await provider.requestToken(signal);
      } catch (error) {
        throw fromElsewhere(error, path);
      }
    },
    ...(secretsChanged === undefined ? {} : { secretsChanged: () => secretsChanged.call(provider) }),
    ...(close === undefined ? {} : { close: () => close.call(provider) }),
  };
}

/** A module may have a copy of this package of its own, whose TokenRequestError is another class. */
function fromElsewhere(error: unknown, path: string): unknown {
  if (error instanceof TokenRequestError || !(error instanceof Error)) return error;
  if (error.name === 'BearerdError' && 'code' in error && error.code === 'BEARERD_SECRET_UNREADABLE') {
    const detail = `No token was asked for. ${quotation(error.message, redact).slice(1, -1)}`;
    return new TokenRequestError(detail, { kind: 'transient', reason: 'secret_unreadable', cause: error });
  }
  if (error.name !== 'TokenRequestError') return error;
  const failure: unknown = 'failure' in error ? error.failure : undefined;
  if (typeof failure !== 'object' || failure === null) return error;
  // Any object has string keys; each is looked at before it is used.
  const { kind, reason, retryAfterMs, action } = failure as Readonly<Record<string, unknown>>;
  const words = quotation(error.message, redact);
  return new TokenRequestError(words === '' ? `The provider of ${path} failed.` : words.slice(1, -1), {
    kind: kind === 'permanent' ? 'permanent' : 'transient',
    reason: typeof reason === 'string' && /^[\w.:/-]{1,64}$/.test(reason) ? reason : 'provider_failed',
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
    ...(typeof action === 'string' ? { action: redact(action) } : {}),
  });
}
