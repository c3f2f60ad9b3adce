import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { Tally } from '../../src/admin/tally.ts';
import { type Arrival, ArrivedRequest } from '../../src/inbound/arrival.ts';
import { forward } from '../../src/inbound/forward.ts';
import type { Route } from '../../src/inbound/route.ts';
import { ResponseBody } from '../../src/upstream/response-body.ts';
import type { RoundTrip } from '../../src/upstream/round-trip.ts';

t.test('an answer that cannot be passed on gives its connection back', async (t) => {
  const reasons: string[] = [];
  // Node takes no such status, and throws
  const answer: RoundTrip = async () => ({
    status: 99,
    statusMessage: '',
    rawHeaders: [],
    body: new ResponseBody({ pause: () => {}, resume: () => {}, abort: ({ message }) => reasons.push(message) }),
    switched: undefined,
  });
  const route: Route = {
    name: 'api',
    credential: 'test',
    prefix: '',
    base: '',
    websocket: false,
    policy: undefined,
    authorization: 'replace',
    requestRules: { viaName: 'bearerd-test', remove: new Set(), set: [], keepAuthorization: false },
    subjectHeader: undefined,
    responseRules: { cookies: 'keep', upstreamOrigin: 'http://127.0.0.1:9', upstreamBase: '', prefix: '', cors: [] },
    replayBytes: 0,
    authenticated: answer,
    plain: answer,
    tally: new Tally(0).route('api'),
  };
  // nothing else of it is used where no line is written per request
  const log = { info: () => {}, warn: () => {}, error: () => {}, line: () => {} };
  const records = { log: log as never, accessLog: false, audit: undefined, exchanges: undefined, tracing: undefined };
  const server = createServer({ IncomingMessage: ArrivedRequest }, (request, response) => {
    const arrival: Arrival = {
      requestId: '1',
      listener: 'http://127.0.0.1',
      route,
      pathQuery: '/',
      authority: undefined,
      scheme: 'http',
      cors: [],
      startedMs: 0,
      upgrade: false,
    };
    forward(request, response, arrival, records);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // a server that listens on TCP has such an address
  const { status } = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  t.equal(status, 500);
  t.same(reasons, ['the answer could not be passed on']);
});
