import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { createProxy, type EmbeddedProxy } from '../../src/library/create-proxy.ts';
import { MemoryStream } from '../support/memory-stream.ts';
import { type Answer, startUpstream, type Upstream } from '../support/upstream.ts';

/** Kinds of spans by the numbers of the API. */
const kinds: readonly string[] = ['INTERNAL', 'SERVER', 'CLIENT'];

/** A span that has ended, as tests look at it. */
export interface SeenSpan {
  /** INTERNAL, SERVER or CLIENT. */
  readonly kind: string | undefined;
  readonly name: string;
  readonly traceId: string;
  readonly id: string;
  /** undefined = it is the first of its trace. */
  readonly parent: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** The status is ERROR. */
  readonly failed: boolean;
}

/** Registers a real SDK in this process, as a user's otel.mjs does. */
export function registerSdk(): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  return exporter;
}

/** What has ended so far: requests first, then what was sent for them, in the order in which it ended. */
export function spansOf(exporter: InMemorySpanExporter): SeenSpan[] {
  return exporter
    .getFinishedSpans()
    .map((span) => ({
      kind: kinds[span.kind],
      name: span.name,
      traceId: span.spanContext().traceId,
      id: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId,
      attributes: span.attributes,
      failed: span.status.code === 2,
    }))
    .sort((a, b) => Number(b.kind === 'SERVER') - Number(a.kind === 'SERVER'));
}

/** A proxy in this process between an API and an identity provider that hands out token1, token2, … */
export interface TracedWorld {
  readonly url: string;
  readonly proxy: EmbeddedProxy;
  readonly upstream: Upstream;
  readonly idp: Upstream;
  readonly stop: () => Promise<void>;
}

/** @param more keys of the route, and of the top level */
export async function tracedWorld(
  answer: Answer,
  more: Readonly<Record<string, unknown>> = {},
  tokens: Answer = (_seen, response, count) =>
    response.end(JSON.stringify({ access_token: `token${count}`, token_type: 'Bearer', expires_in: 3600 })),
): Promise<TracedWorld> {
  const upstream = await startUpstream(answer);
  const idp = await startUpstream(tokens);
  const proxy = await createProxy(
    {
      listen: '127.0.0.1:0',
      upstream: upstream.url,
      preset: 'collibra',
      tokens: { eager: false },
      credential: {
        tokenEndpoint: `${idp.url}/oauth2/token?tenant=hush-tenant`,
        clientId: 'my-app',
        clientSecret: 'hush-secret',
      },
      ...more,
    },
    { logStream: new MemoryStream() },
  );
  const [url = ''] = await proxy.start();
  const stop = async (): Promise<void> => {
    await proxy.stop();
    await Promise.all([upstream.close(), idp.close()]);
  };
  return { url, proxy, upstream, idp, stop };
}
