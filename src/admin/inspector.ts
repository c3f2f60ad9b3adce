import type { FastifyInstance } from 'fastify';
import { BearerdError } from '../errors.ts';
import type { EventStreams } from './event-streams.ts';
import { exchangeDetail, exchangeView } from './exchange-view.ts';
import type { Exchanges } from './exchanges.ts';
import { pageFile, pageFiles } from './page-files.ts';
import type { TokenHistory } from './token-history.ts';

/** What the status page looks at. */
export interface InspectorOptions {
  readonly exchanges: Exchanges;
  readonly history: TokenHistory;
  readonly events: EventStreams;
}

/**
 * On every answer of the admin listener: nothing but the page's own files runs, nothing is sent elsewhere, nobody frames
 * it, and nothing is taken for another type than it says.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** The status page and what it reads (interface section 6). */
export function registerInspector(app: FastifyInstance, { exchanges, history, events }: InspectorOptions): void {
  for (const [path, name] of Object.entries(pageFiles)) {
    app.get(path, async (_request, reply) => {
      const { contentType, content } = await pageFile(name);
      return reply.type(contentType).send(content);
    });
  }
  app.get('/api/requests', async () => ({ requests: exchanges.from(0).reverse().map(exchangeView) }));
  app.get<{ Params: { id: string } }>('/api/requests/:id', async ({ params }) => {
    const exchange = exchanges.find(params.id);
    if (exchange === undefined) {
      throw new BearerdError('BEARERD_NO_ROUTE', 'This request is not remembered (any more).', {
        action: 'GET /api/requests lists those that are.',
      });
    }
    const { credential, notes } = exchange;
    const known = credential !== undefined && notes?.generation !== undefined;
    return exchangeDetail(exchange, known ? history.claims(credential, notes.generation) : undefined);
  });
  // a HEAD request would hold its connection for ever
  app.get('/api/events', { exposeHeadRoute: false }, (_request, reply) => {
    // behind another answer it might never begin, and older Node does not say when its connection ends
    if (reply.raw.socket === null) {
      throw new BearerdError('BEARERD_REQUEST_MALFORMED', 'Events are not for a pipelined request.');
    }
    events.open(reply.raw, securityHeaders);
    reply.hijack();
  });
}
