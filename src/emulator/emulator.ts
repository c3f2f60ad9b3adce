import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, writeAnswer } from './answer.ts';
import type { Faults, FaultsMet } from './faults.ts';
import { type ReceivedBody, receiveBody } from './received-body.ts';
import type { Stats, Traffic } from './traffic.ts';

/** Where an emulator listens. */
export interface ListenOptions {
  /** Default 127.0.0.1: an emulator is reachable from other machines only when asked. */
  readonly host?: string;
  /** Default 0, any free port. */
  readonly port?: number;
}

/** A running emulator. */
export interface Emulator {
  /** `http://host:port`, with the base path where the service has one. */
  readonly url: string;
  readonly faults: Faults;
  readonly stats: () => Stats;
  /** Stops listening and closes every connection. */
  readonly close: () => Promise<void>;
}

/** A request, read whole. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: ReceivedBody;
  /** The code that a fault wants every token to be refused with. */
  readonly refuse: string | undefined;
}

/** What makes one emulator different from another. */
export interface Service {
  readonly faults: Faults;
  readonly traffic: Traffic;
  /** What a path is: faults strike `token` and `api`; `jwks` has its own fault. */
  readonly kindOf: (path: string) => 'token' | 'api' | 'jwks';
  readonly respond: (call: Call) => Promise<Answer>;
}

/**
 * Starts an HTTP server around a service, with `/__faults` and `/__stats` beside it.
 * @param create gets the origin, `http://host:port`, which is known only once the port is open.
 * @throws the error of listen(), for example EADDRINUSE.
 */
export async function startEmulator(listen: ListenOptions, create: (origin: string) => Service): Promise<Emulator> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port ?? 0, listen.host ?? '127.0.0.1', resolve);
  });
  // An address of a TCP listener that is open is never a string or null.
  const origin = originOf(server.address() as AddressInfo);
  const service = create(origin);
  server.on('request', (request, response) => {
    serve(service, request, response).catch(() => response.destroy());
  });
  return {
    url: origin,
    faults: service.faults,
    stats: () => service.traffic.stats(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function originOf({ address, family, port }: AddressInfo): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[address] ?? address;
  return family === 'IPv6' ? `http://[${reachable}]:${port}` : `http://${reachable}:${port}`;
}

async function serve(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [path = '/', ...rest] = (request.url ?? '/').split('?');
  const method = request.method ?? 'GET';
  if (path === '/__faults' || path === '/__stats') {
    await writeAnswer(response, method, await control(service, path, request), undefined);
    return;
  }
  const kind = service.kindOf(path);
  const finish = service.traffic.begin(kind === 'token');
  const met: FaultsMet = kind === 'jwks' ? {} : service.faults.meet(kind);
  let body: ReceivedBody = { bytes: 0, sha256: '', text: '' };
  let answer: Answer | undefined;
  try {
    body = await receiveBody(request);
    if (met.slowMs !== undefined) await delay(met.slowMs);
    const down = kind === 'jwks' ? service.faults.current.jwksDown : met.down;
    if (!down) {
      const query = new URLSearchParams(rest.join('?'));
      const call: Call = { method, path, query, headers: request.headers, body, refuse: met.refuse };
      answer = answerOf(met) ?? (await service.respond(call));
    }
  } finally {
    const { status, errorCode } = answer ?? {};
    finish({ method, path, status, errorCode, bodyBytes: body.bytes, bodySha256: body.sha256 });
  }
  if (answer === undefined) request.socket.destroy();
  else await writeAnswer(response, method, answer, service.faults.current.encoding);
}

function answerOf({ status, html, retryAfterSeconds }: FaultsMet): Answer | undefined {
  if (status === undefined && !html) return undefined;
  const headers = retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) };
  if (html) {
    const page = '<!doctype html><title>Not what you asked for</title><p>This page was asked for at /__faults.';
    return { status: status ?? 200, headers, html: page };
  }
  const json = { error: 'server_error', error_description: 'This answer was asked for at /__faults.' };
  return { status: status ?? 200, headers, json };
}

async function control(service: Service, path: string, request: IncomingMessage): Promise<Answer> {
  if (path === '/__stats') return { status: 200, json: service.traffic.stats() };
  if (request.method !== 'POST') return { status: 200, json: service.faults.current };
  // A browser sends this type across origins only after a preflight, which nobody here answers.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    return { status: 415, json: { error: 'Send the faults as Content-Type: application/json.' } };
  }
  try {
    await service.faults.applyJson((await receiveBody(request)).text);
    return { status: 200, json: service.faults.current };
  } catch (error) {
    return { status: 400, json: { error: error instanceof Error ? error.message : String(error) } };
  }
}
