import { OwnContexts, rootContext, withSpan } from './context.ts';
import { clientAttributes, type HttpCall, serverAttributes } from './http-attributes.ts';
import {
  type Attributes,
  type Context,
  type ContextManager,
  type OpenTelemetry,
  type Propagation,
  registered,
  type Span,
  type Tracer,
} from './open-telemetry.ts';

/** SpanKind of the API 1.x. */
const kind = { server: 1, client: 2 } as const;
/** SpanStatusCode.ERROR of the API 1.x. */
const failed = 2;

/** Header fields by lower-case name, as Node gives them. */
type ReceivedHeaders = Readonly<Record<string, string | string[] | undefined>>;

const fromHeaders = {
  get: (headers: ReceivedHeaders, name: string) => headers[name.toLowerCase()],
  keys: (headers: ReceivedHeaders) => Object.keys(headers),
};

/** A span that has begun, and what its children need. */
export class OpenSpan {
  /** The context in which its children begin. */
  readonly context: Context;
  readonly #span: Span;
  readonly #contexts: ContextManager;
  readonly #propagation: Propagation | undefined;

  constructor(span: Span, parent: Context, api: Pick<Tracing, 'contexts' | 'propagation'>) {
    this.#span = span;
    this.context = withSpan(parent, span);
    this.#contexts = api.contexts;
    this.#propagation = api.propagation;
  }

  /** Runs work that belongs to the span, to the end of its last promise. */
  run<T>(work: () => T): T {
    return this.#contexts.with(this.context, work);
  }

  set(name: string, value: string | number): void {
    this.#span.setAttribute(name, value);
  }

  /**
   * Ends it.
   * @param status of the answer; 0 = there was none
   * @param error a word of few for what went wrong; undefined = nothing did
   */
  end(status: number, error: string | undefined): void {
    if (status > 0) this.#span.setAttribute('http.response.status_code', status);
    if (error !== undefined) {
      this.#span.setAttribute('error.type', error);
      this.#span.setStatus({ code: failed });
    }
    this.#span.end();
  }

  /**
   * The fields with the trace in them: what the propagator writes replaces fields of the same name. `baggage` stays as it
   * came, because reading and writing it again would change its bytes.
   * @param fields flat: name, value, name, value …; not changed
   * @param never lower-case names that are not sent
   */
  injected(fields: string[], never: ReadonlySet<string>): string[] {
    const written: string[] = [];
    const names = new Set<string>();
    this.#propagation?.inject(this.context, written, {
      set: (carrier, name, value) => {
        const lower = name.toLowerCase();
        if (lower === 'baggage' || never.has(lower)) return;
        names.add(lower);
        carrier.push(name, value);
      },
    });
    if (written.length === 0) return fields;
    return [
      ...fields.filter((_part, index) => !names.has(fields[index - (index % 2)]?.toLowerCase() ?? '')),
      ...written,
    ];
  }
}

/** Makes spans with the tracer that the user's OpenTelemetry SDK has registered in this process. */
export class Tracing {
  readonly contexts: ContextManager;
  readonly propagation: Propagation | undefined;
  readonly #api: OpenTelemetry;
  readonly #tracer: Tracer;

  constructor(api: OpenTelemetry) {
    // a copy, because what is registered changes in place
    this.#api = { ...api };
    this.#tracer = api.trace.getTracer('bearerd');
    this.contexts = api.context ?? new OwnContexts();
    this.propagation = api.propagation;
  }

  /** Nothing else has been registered since. */
  uses({ trace, propagation, context }: OpenTelemetry): boolean {
    return trace === this.#api.trace && propagation === this.#api.propagation && context === this.#api.context;
  }

  /**
   * Begins the span of a request that has come; its parent is what its header fields say.
   * @param route for the name, of few values; undefined = none serves it
   */
  server(call: HttpCall, headers: ReceivedHeaders, route: string | undefined, more: Attributes): OpenSpan {
    const parent = this.propagation?.extract(rootContext, headers, fromHeaders) ?? rootContext;
    const attributes = {
      ...serverAttributes(call),
      ...more,
      ...(route === undefined ? {} : { 'http.route': route }),
    };
    const name = route === undefined ? call.method : `${call.method} ${route}`;
    return new OpenSpan(this.#tracer.startSpan(name, { kind: kind.server, attributes }, parent), parent, this);
  }

  /**
   * Begins the span of a request that is sent.
   * @param resends how often it was sent before
   * @param parent default: what the code that runs belongs to
   */
  client(call: HttpCall, resends: number, parent: Context = this.contexts.active()): OpenSpan {
    const attributes = clientAttributes(call, resends);
    const span = this.#tracer.startSpan(call.method, { kind: kind.client, attributes }, parent);
    return new OpenSpan(span, parent, this);
  }
}

let last: Tracing | undefined;

/** Tracing with what is registered at this moment; undefined = no tracer provider is, and nothing is traced. */
export function currentTracing(): Tracing | undefined {
  const api = registered();
  if (api === undefined) return undefined;
  if (last?.uses(api) !== true) last = new Tracing(api);
  return last;
}
