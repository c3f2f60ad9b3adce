import type { TokenProvider } from '../token/provider.ts';
import type { Lint, ProviderContext, ProviderDefinition } from './provider-definition.ts';
import type { Shape } from './shape.ts';

/** A provider as its author writes it; see docs/library.md. */
export interface ProviderSpec<O> {
  /** The value of `provider` in a credential: small letters, digits and hyphens. */
  readonly kind: string;
  /** One sentence for the reference. */
  readonly doc?: string;
  /** Its options, made of the shapes of this package. */
  readonly schema: Shape<O>;
  /** Makes the provider; does no I/O. Several may be made, and each may be closed. */
  readonly create: (options: O, context: ProviderContext) => TokenProvider;
  /** Checks that need more than one option. */
  readonly lint?: (options: O, usage: { readonly upstreams: readonly string[] }) => readonly Lint[];
}

/**
 * Defines a provider of your own, for `provider: module`, createProxy and createTokenSource.
 * @throws TypeError when a part is missing or is not what it has to be.
 */
export function defineProvider<O>(spec: ProviderSpec<O>): ProviderDefinition<O> {
  const fault = faultOf(spec);
  if (fault !== undefined) throw new TypeError(`defineProvider: ${fault}`);
  return { ...spec, doc: spec.doc ?? `Provider ${spec.kind}.` };
}

/** What is wrong with a definition that somebody else has made; undefined = nothing. */
export function faultOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is not an object';
  // Any object has string keys; each is looked at before it is used.
  const { kind, schema, create, lint } = value as Readonly<Record<string, unknown>>;
  if (typeof kind !== 'string' || !/^[a-z][a-z0-9-]*$/.test(kind)) {
    return 'kind has to be small letters, digits and hyphens';
  }
  if (!isObjectShape(schema)) return 'schema has to be object({ … }, { doc }) of the shapes of bearerd';
  if (typeof create !== 'function') return 'create has to be a function';
  return lint === undefined || typeof lint === 'function' ? undefined : 'lint has to be a function';
}

function isObjectShape(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { fields, parse, absent } = value as Readonly<Record<string, unknown>>;
  return typeof fields === 'object' && fields !== null && typeof parse === 'function' && typeof absent === 'function';
}
