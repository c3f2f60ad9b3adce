import type { Input, Origin, ParseContext } from './input.ts';

/** A JSON Schema (2020-12) or a part of one. */
export type JsonSchema = { readonly [key: string]: Json };

/** A value of a JSON Schema. */
export type Json = string | number | boolean | null | readonly Json[] | JsonSchema;

/** What parsing gives when it has added a problem; the same in another copy of this package, which a provider module may have. */
export const invalid: unique symbol = Symbol.for('bearerd.invalid');

/** See `invalid`. */
export type Invalid = typeof invalid;

/** Something wrong with a value, and what to write instead. */
export interface Complaint {
  readonly problem: string;
  readonly cure: string;
}

/** What every option says about itself. */
export interface Spec<T> {
  /** One sentence for the reference. */
  readonly doc: string;
  /** It has to be written; an option without `required` and `default` is undefined when it is not written. */
  readonly required?: true;
  /** As YAML, for the reference and the cure of a missing option. */
  readonly example?: string;
  /** A rule of this option alone, run on a value of the right type. */
  readonly check?: (value: T) => Complaint | undefined;
}

/** The one definition of an option: parses it, documents it, gives its JSON Schema. */
export interface Shape<out T> {
  readonly doc: string;
  /** In words: `duration`, `list of strings`. */
  readonly type: string;
  readonly required: boolean;
  /** The default as one would write it; undefined = none. */
  readonly defaultText: string | undefined;
  readonly example: string | undefined;
  /** The value may never come from the command line. */
  readonly secret: boolean;
  /** It can be written as one string, so that it has a variable and a flag. */
  readonly textual: boolean;
  readonly boolean: boolean;
  readonly fields: Fields | undefined;
  /** Keys of the interface that this version lacks. */
  readonly unavailable: readonly string[];
  /** Shape of the items of a list or record. */
  readonly item: Shape<unknown> | undefined;
  /** The value, or `invalid` after adding a problem. */
  parse(input: Input, path: string, context: ParseContext): T | Invalid;
  /** The value where nothing is written; `origin` is the parent's. */
  absent(origin: Origin, path: string, context: ParseContext): T | Invalid;
  jsonSchema(): JsonSchema;
}

/** Options by key. */
export type Fields = Readonly<Record<string, Shape<unknown>>>;

/** The type of the value of a shape. */
export type Infer<S> = S extends Shape<infer T> ? T : never;

/** The value of an object shape. */
export type InferFields<F extends Fields> = { readonly [K in keyof F]: Infer<F[K]> };

/** The keys that could be read; the others are missing because they have a problem. */
export type Draft<F extends Fields> = { readonly [K in keyof F]?: Infer<F[K]> | undefined };
