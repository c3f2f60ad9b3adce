import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, ContextManager, Span } from './open-telemetry.ts';

/** The key under which every copy of the API 1.x keeps the current span. */
const spanKey = Symbol.for('OpenTelemetry Context Key SPAN');

/** A context with these values. */
function contextOf(values: ReadonlyMap<symbol, unknown>): Context {
  return {
    getValue: (key) => values.get(key),
    setValue: (key, value) => contextOf(new Map([...values, [key, value]])),
    deleteValue: (key) => contextOf(new Map([...values].filter(([name]) => name !== key))),
  };
}

/** Belongs to no trace. */
export const rootContext: Context = contextOf(new Map());

/** The context in which the children of a span begin. */
export function withSpan(context: Context, span: Span): Context {
  return context.setValue(spanKey, span);
}

/** Stands in where an SDK has registered no context manager, so that a token request still finds the request that caused it. */
export class OwnContexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();

  active(): Context {
    return this.#storage.getStore() ?? rootContext;
  }

  with<T>(context: Context, work: () => T): T {
    return this.#storage.run(context, work);
  }
}
