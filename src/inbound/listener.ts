import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Tally } from '../admin/tally.ts';
import { BearerdError } from '../errors.ts';
import { longestDelayMs } from '../net/late-timer.ts';
import { isSameTls, type ServerTls } from '../net/server-tls.ts';
import { type LocalEnding, type Records, recordLocalEnding } from './access-line.ts';
import { type AdmissionRules, admit } from './admission.ts';
import { AnswerOrder, type ListenerResponse } from './answer-order.ts';
import { type ArrivedRequest, answerProblem } from './arrival.ts';
import { auditedPath, peerOf } from './audit-entry.ts';
import { breakOff } from './break-off.ts';
import { answerSocket, clientError } from './client-error.ts';
import { Connections } from './connections.ts';
import { corsHeaders, listedOrigin } from './cors.ts';
import { forward } from './forward.ts';
import { endOnError, holdEarly } from './left-socket.ts';
import { noSchemas } from './no-schemas.ts';
import { registerProxy } from './proxy-plugin.ts';
import { localSpan } from './request-span.ts';
import { pathAndQuery } from './request-target.ts';
import { createServer, exchangeCertificate, serveAgain } from './server.ts';
import { isWebSocketUpgrade, responseOn, tunnel, withoutUpgrade } from './websocket.ts';

/** What one listener takes from its clients. */
export interface ListenerLimits {
  /** Milliseconds to the end of the request head. */
  readonly headersTimeoutMs: number;
  /** Bytes of the header section. */
  readonly headersBytes: number;
  /** Field lines of the header section. */
  readonly headersCount: number;
  /** Client connections at a time. */
  readonly connections: number;
}

/** What one listener serves, and to whom. */
export interface ListenerOptions extends Records, AdmissionRules {
  readonly limits: ListenerLimits;
  /** undefined = plain HTTP; that there is TLS and who needs a certificate stays as it was made. */
  readonly tls: ServerTls | undefined;
  readonly tally: Tally;
  readonly newRequestId: () => string;
}

/** One address that requests come in on: the guard first, then Fastify with @fastify/http-proxy, whose handler forwards. */
export class Listener {
  readonly app: FastifyInstance;
  readonly server: Server;
  /** Origins of the address itself, filled in once it listens. */
  ownOrigins: readonly string[] = [];
  /** http://127.0.0.1:8080, or unix:/path; filled in once it listens. */
  url = '';
  #options: ListenerOptions;
  /** Fixed when the server was made. */
  readonly #headersBytes: number;
  readonly #order = new AnswerOrder();
  readonly #tunnels = new Set<Socket>();
  readonly #connections: Connections;
  /** Nothing new is served any more. */
  #draining = false;

  private constructor(options: ListenerOptions) {
    this.#options = options;
    this.#headersBytes = options.limits.headersBytes;
    let server: Server | undefined;
    this.app = Fastify({
      logger: false,
      // router and plugin see one path only: judging the target is the guard's and outgoing-request's
      rewriteUrl: () => '/',
      exposeHeadRoutes: false,
      forceCloseConnections: 'idle',
      // Fastify would answer besides us, in words of its own
      clientErrorHandler: () => {},
      schemaController: noSchemas,
      serverFactory: (handler) => {
        server = this.#createServer(handler);
        return server;
      },
    });
    if (server === undefined) throw new Error('Fastify made no server');
    this.server = server;
    this.#connections = new Connections(server);
  }

  /** Makes a listener that does not listen yet. */
  static async create(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    await listener.#register();
    return listener;
  }

  /** From the next request on, other routes, names and limits; limits.headersBytes stays as it was made. */
  serve(options: ListenerOptions): void {
    const before = this.#options.tls;
    if (options.tls !== undefined && !isSameTls(options.tls, before)) exchangeCertificate(this.server, options.tls);
    this.#options = options;
    this.server.headersTimeout = options.limits.headersTimeoutMs;
  }

  /** Connections of clients that are open; a WebSocket is one of them. */
  get connections(): { readonly open: number; readonly webSockets: number } {
    return { open: this.#connections.size, webSockets: this.#tunnels.size };
  }

  /** Stops accepting; resolves when everything in flight is over or the time is, then ends the rest. */
  async drain(timeoutMs: number): Promise<void> {
    this.#draining = true;
    const { server } = this;
    const closed = new Promise<void>((resolve) => {
      if (server.listening) server.close(() => resolve());
      else resolve();
    });
    // a connection that becomes idle after close() would otherwise stay open until its keep-alive time is over
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      this.#connections.endUnused();
    }, 20);
    // a longer delay than a Node timer can have would be over at once
    const deadline = setTimeout(() => this.#connections.endAll(), Math.min(timeoutMs, longestDelayMs));
    await closed;
    // the server is closed a moment before its connections say so, and with that each request has its line
    await this.#connections.closed();
    clearInterval(sweep);
    clearTimeout(deadline);
    await this.app.close();
  }

  async #register(): Promise<void> {
    await registerProxy(this.app, (request, response) => {
      // set before Fastify was called
      if (request.arrival !== undefined) forward(request, response, request.arrival, this.#options);
    });
    await this.app.ready();
  }

  #createServer(handler: RequestListener): Server {
    const { limits, tls } = this.#options;
    const serve = (request: ArrivedRequest, response: ListenerResponse) => {
      if (this.#arrive(request, response, false)) handler(request, response);
    };
    const { headersTimeoutMs, headersBytes } = limits;
    const server = createServer({ headersTimeoutMs, headersBytes, tls }, serve);
    server.on('clientError', (error: Error, socket: Socket) => this.#clientError(error, socket));
    server.on('upgrade', (request: ArrivedRequest, socket: Socket, head: Buffer) =>
      this.#order.afterward(socket, true, () => this.#upgrade(request, socket, head)),
    );
    server.on('connect', (request: ArrivedRequest, socket: Socket) => {
      endOnError(socket);
      socket.resume();
      if (this.#order.closing(socket)) return;
      const error = new BearerdError('BEARERD_METHOD_NOT_ALLOWED', 'CONNECT is never forwarded.');
      this.#order.afterward(socket, true, () => this.#answerSocket(socket, error, 'CONNECT', request.url ?? ''));
    });
    return server;
  }

  /** Judges a request and notes what was found; false = it has been answered. */
  #arrive(request: ArrivedRequest, response: ListenerResponse, upgrade: boolean): boolean {
    if (this.#order.closing(request.socket)) return false;
    const startedMs = performance.now();
    const requestId = this.#options.newRequestId();
    this.#order.began(request.socket, response);
    const { url: listener, ownOrigins } = this;
    const scheme = this.#options.tls === undefined ? 'http' : 'https';
    const begun = { requestId, listener, scheme, startedMs, upgrade, ownOrigins } as const;
    if (this.#options.audit !== undefined) peerOf(request.socket); // Node remembers it beyond the end of the connection
    const admitted = admit(request, begun, this.#options, () => this.#overLimit(request.rawHeaders.length / 2));
    if ('route' in admitted) {
      request.arrival = admitted;
      return true;
    }
    const { method = '', url: target = '' } = request;
    if (this.#options.tracing !== undefined) localSpan(this.#options.tracing, request, begun, admitted);
    if (admitted instanceof BearerdError) {
      const { code, entry, occurrence } = admitted;
      this.#options.tally.refused('proxy', code);
      const origin = listedOrigin(request.rawHeaders, this.#options.allowedOrigins);
      answerProblem(request, response, admitted, requestId, origin === undefined ? [] : corsHeaders(origin));
      const ending = { requestId, method, target, status: entry.status, error: admitted, startedMs };
      this.#log(ending, request.socket, occurrence.rule);
    } else {
      const { status, headers } = admitted;
      response.writeHead(status, [...headers]).end();
      this.#log({ requestId, method, target, status, error: undefined, startedMs }, request.socket);
    }
    return false;
  }

  #overLimit(headersCount: number): BearerdError | undefined {
    const { limits } = this.#options;
    if (this.#draining) {
      return new BearerdError('BEARERD_DRAINING', 'bearerd has been told to stop', {
        headers: ['Connection', 'close'],
      });
    }
    if (this.#connections.size > limits.connections) {
      return new BearerdError('BEARERD_TOO_MANY_CONNECTIONS', `more than ${limits.connections} connections are open`, {
        headers: ['Connection', 'close'],
      });
    }
    if (headersCount <= limits.headersCount) return undefined;
    return new BearerdError(
      'BEARERD_HEADERS_TOO_LARGE',
      `the request has more than ${limits.headersCount} header fields`,
    );
  }

  #upgrade(request: ArrivedRequest, socket: Socket, head: Buffer): void {
    endOnError(socket);
    if (this.#order.closing(socket)) {
      socket.resume();
      return;
    }
    const route = this.#options.routes.find(pathAndQuery(request.url ?? ''));
    if (!isWebSocketUpgrade(request) || route?.websocket === false) {
      withoutUpgrade(request, socket, head);
      serveAgain(this.server, socket);
      return;
    }
    const response = responseOn(request, socket);
    const early = holdEarly(socket, head);
    if (!this.#arrive(request, response, true) || request.arrival === undefined) return;
    forward(request, response, request.arrival, this.#options, (answer, fields, over) => {
      if (answer.switched === undefined) return;
      response.detachSocket(socket);
      this.#tunnels.add(socket);
      tunnel(socket, early(), answer.switched, fields, () => {
        this.#tunnels.delete(socket);
        over();
      });
    });
  }

  #clientError(error: Error, socket: Socket): void {
    const code = 'code' in error ? error.code : undefined;
    if (this.#options.tls !== undefined && !this.#connections.isSecured(socket)) {
      this.#options.log.info({ event: 'tls_refused', code }, `a client is refused in the TLS handshake: ${code}`);
      return void socket.destroy();
    }
    const pending = this.#order.pending(socket);
    if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
    // what comes behind the last request of a connection is not looked at, and takes nothing away from its answer
    if (this.#order.closing(socket) || code === 'HPE_CLOSED_CONNECTION') return;
    const problem = clientError(error, this.#headersBytes);
    if (pending === undefined || pending.req.complete) {
      this.#order.end(socket);
      this.#order.afterward(socket, false, () => this.#answerSocket(socket, problem, '', ''));
      return;
    }
    if (pending.headersSent || pending.socket === null) breakOff(pending);
    // a request whose body broke has its own line, written when its response closes
    else answerSocket(socket, problem, this.#options.newRequestId(), '', '');
  }

  #answerSocket(socket: Socket, error: BearerdError, method: string, target: string): void {
    const requestId = this.#options.newRequestId();
    this.#options.tally.refused('proxy', error.code);
    answerSocket(socket, error, requestId, method, target);
    const { status } = error.entry;
    this.#log({ requestId, method, target, status, error, startedMs: performance.now() }, socket);
  }

  #log(ending: LocalEnding, socket: Socket, rule?: string): void {
    recordLocalEnding(ending, this.#options);
    const { audit, routes } = this.#options;
    if (audit === undefined) return;
    const { requestId, method, target, status, error } = ending;
    audit.record({
      listener: this.url,
      peer: peerOf(socket),
      requestId,
      method: method === '' ? undefined : method,
      path: auditedPath(target, method),
      // a rule is always one of a route
      route: rule === undefined ? undefined : routes.find(pathAndQuery(target, method))?.name,
      decision: error === undefined ? 'answered' : 'refused',
      rule,
      error: error?.code,
      status,
    });
  }
}
