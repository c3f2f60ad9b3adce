import { trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import t from 'tap';
import { request } from 'undici';
import { spansOf, tracedWorld } from './traced.ts';

t.test(
  'a tracer provider alone, without propagator and context manager: spans, and fields that pass as they came',
  async (t) => {
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor(exporter)];
    trace.setGlobalTracerProvider(new NodeTracerProvider({ spanProcessors }));
    const { url, upstream, stop } = await tracedWorld((_seen, response) => response.end('ok'));
    t.teardown(stop);
    await (await request(url, { headers: { traceparent: 'not-a-trace' } })).body.dump();
    while (spansOf(exporter).length < 3) await new Promise((go) => setTimeout(go, 5));
    const [server, token, call] = spansOf(exporter);
    t.match([server, token, call], [{ parent: undefined }, { parent: server?.id }, { parent: server?.id }]);
    t.equal(upstream.seen[0]?.headers['traceparent'], 'not-a-trace');
  },
);
