import t from 'tap';
import { request } from 'undici';
import { registered } from '../../src/tracing/open-telemetry.ts';
import { currentTracing } from '../../src/tracing/tracing.ts';
import { tracedWorld } from './traced.ts';

t.test(
  'issue 9: without an SDK traceparent, tracestate and baggage pass as they came, and nothing is traced',
  async (t) => {
    const { url, upstream, stop } = await tracedWorld((_seen, response) => response.end('ok'));
    t.teardown(stop);
    const fields = [
      ['TraceParent', 'not-a-trace'],
      ['tracestate', 'a=1 ,b=2'],
      ['tracestate', ''],
      ['Baggage', 'key = v%61lue ;p'],
      ['baggage', 'x=1'],
    ];
    await (await request(url, { headers: fields.flat() })).body.dump();
    const raw = upstream.seen[0]?.rawHeaders ?? [];
    const arrived = raw.flatMap((name, i) =>
      i % 2 === 0 && /^(traceparent|tracestate|baggage)$/i.test(name) ? [[name, raw[i + 1]]] : [],
    );
    t.strictSame(arrived, fields);
    t.equal(registered(), undefined);
    t.equal(currentTracing(), undefined);
  },
);
