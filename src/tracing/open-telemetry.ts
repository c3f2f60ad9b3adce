// What is used of OpenTelemetry's JavaScript API 1.x. It is not imported: a copy of the package looks for an SDK that was
// registered by the same version or a newer one, and finds nothing else (its own compatibility check), so a copy of ours
// would be blind for some of the users'. What the copies share is the object below.

/** What belongs to a trace on its way through the program; immutable. */
export interface Context {
  readonly getValue: (key: symbol) => unknown;
  readonly setValue: (key: symbol, value: unknown) => Context;
  readonly deleteValue: (key: symbol) => Context;
}

/** Values that an attribute of a span may have here. */
export type Attributes = Readonly<Record<string, string | number>>;

/** A span that has begun. */
export interface Span {
  setAttribute(name: string, value: string | number): unknown;
  setStatus(status: { readonly code: 0 | 1 | 2 }): unknown;
  end(): void;
}

/** Begins spans. */
export interface Tracer {
  startSpan(name: string, options: { readonly kind: number; readonly attributes: Attributes }, context: Context): Span;
}

/** Writes a trace into header fields and reads it from them. */
export interface Propagation {
  inject<C>(context: Context, carrier: C, setter: { set(carrier: C, name: string, value: string): void }): void;
  extract<C>(
    context: Context,
    carrier: C,
    getter: { get(carrier: C, name: string): string | string[] | undefined; keys(carrier: C): string[] },
  ): Context;
}

/** Says what trace the code that runs belongs to. */
export interface ContextManager {
  active(): Context;
  with<T>(context: Context, work: () => T): T;
}

/** What an SDK has registered in this process; whatever is missing was not registered. */
export interface OpenTelemetry {
  readonly trace: { getTracer(name: string): Tracer };
  readonly propagation?: Propagation | undefined;
  readonly context?: ContextManager | undefined;
}

/** Where all copies of the API 1.x look (its makeGlobal symbol). */
const place = Symbol.for('opentelemetry.js.api.1');

/** What is registered now; undefined = no tracer provider. Nothing is loaded. */
export function registered(): OpenTelemetry | undefined {
  // Nobody else uses this symbol.
  const found = (globalThis as { readonly [place]?: Partial<OpenTelemetry> })[place];
  // with `trace` the shape is whole: the rest is optional
  return found?.trace === undefined ? undefined : (found as OpenTelemetry);
}
