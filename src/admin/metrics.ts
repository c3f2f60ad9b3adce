import type { Metric } from 'prom-client';
import { families } from './metric-families.ts';
import type { MetricSources } from './metric-sources.ts';

/** What /metrics answers. */
export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/**
 * Makes the function behind /metrics: the families and the usual process metrics in Prometheus text. The library is
 * loaded at the first scrape (it costs 21–28 ms), and event loop lag is watched from then on.
 */
export function createMetrics(sources: MetricSources): () => Promise<Exposition> {
  let registry: ReturnType<typeof openRegistry> | undefined;
  return async () => {
    registry ??= openRegistry(sources);
    const opened = await registry;
    return { contentType: opened.contentType, body: await opened.metrics() };
  };
}

async function openRegistry(sources: MetricSources) {
  // CommonJS: in the bundle (packaging/bundle.ts) its names are there by way of default only
  const { Registry, collectDefaultMetrics } = (await import('prom-client')).default;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const { name, help, type, samples } of families) {
    const get = async () => ({ name, help, type, values: samples(sources) });
    // The registry uses name and get() of what it is given; its type asks for one of its own classes, whose counters
    // would have to be fed on the hot path.
    registry.registerMetric({ name, get } as { readonly get: unknown } as Metric);
  }
  return registry;
}
