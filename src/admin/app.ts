import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerFactory,
} from 'fastify';
import { BearerdError, type ErrorCode } from '../errors.ts';
import { type GuardFacts, guard } from '../inbound/guard.ts';
import { judgeLocalKey, type LocalKey } from '../inbound/local-key.ts';
import { noSchemas } from '../inbound/no-schemas.ts';
import { problemOf } from '../inbound/problem.ts';
import type { Log } from '../log.ts';
import type { Readiness } from './health.ts';
import { type InspectorOptions, registerInspector, securityHeaders } from './inspector.ts';
import type { Exposition } from './metrics.ts';
import type { CredentialStatus, Status } from './status.ts';

/** A request to the admin listener, and what became of it. */
export interface AdminCall {
  readonly requestId: string;
  readonly request: IncomingMessage;
  /** Of the answer; undefined = there was none. */
  readonly status: number | undefined;
}

/** What the admin listener shows, and whom it answers. */
export interface AdminOptions extends InspectorOptions {
  /** Asked per request: the port is known only once it listens, and a reload may change the names. */
  readonly guard: () => Pick<GuardFacts, 'allowedHosts' | 'allowedOrigins' | 'ownOrigins'>;
  /** What a call that changes something has to carry; undefined = nothing, and so it is for all that only shows. */
  readonly localKey?: () => LocalKey | undefined;
  readonly readiness: () => Readiness;
  readonly metrics: () => Promise<Exposition>;
  readonly status: () => Status;
  /**
   * Asks for a new token for the credential of this name; undefined = there is none that a route uses.
   * @throws TokenRequestError
   */
  readonly refresh: (name: string) => Promise<CredentialStatus | undefined>;
  /** Called for each request that is refused. */
  readonly onRefused: (code: ErrorCode, call: AdminCall) => void;
  /** Called for each request that may change something, when it is over. */
  readonly onChanged?: (call: AdminCall) => void;
  readonly log: Log;
}

const probes = new Set(['/livez', '/readyz']);

/**
 * Builds the admin app (interface section 6) behind the same guard as the proxy.
 * Whoever the guard would refuse still gets the bare status of /livez and /readyz, because a kubelet sends the pod's
 * address as Host (interface section 6).
 */
export function buildAdmin(options: AdminOptions, server: FastifyServerFactory): FastifyInstance {
  const app = Fastify({
    logger: false,
    serverFactory: server,
    exposeHeadRoutes: true,
    schemaController: noSchemas,
    genReqId: () => randomUUID(),
    // A target that the router cannot read never reaches a hook, so the guard has to be asked here as well.
    frameworkErrors: (error, request, reply) => {
      const refusal = judge(request, options);
      if (refusal !== undefined) told(options, request, refusal);
      return answer(options, request, reply, refusal ?? error);
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    const refusal = judge(request, options);
    const { id: requestId, raw } = request;
    if (refusal === undefined) {
      if (!isRead(request.method)) {
        reply.raw.once('close', () => {
          const status = reply.raw.headersSent ? reply.raw.statusCode : undefined;
          options.onChanged?.({ requestId, request: raw, status });
        });
      }
      return;
    }
    const path = request.raw.url?.split('?', 1)[0] ?? '';
    if (isHostRefusal(refusal) && isRead(request.method) && probes.has(path)) {
      return reply.code(path === '/livez' ? 200 : options.readiness().status).send();
    }
    told(options, request, refusal);
    return answer(options, request, reply, refusal);
  });
  // Nothing is read from a body, so that an empty one and a wrong one are no reason to refuse a call.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 64 * 1024 }, async () => undefined);
  app.get('/livez', async () => ({ live: true }));
  app.get('/readyz', async (_request, reply) => {
    const { ready, status, reasons } = options.readiness();
    return reply.code(status).send({ ready, reasons });
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, body } = await options.metrics();
    return reply.type(contentType).send(body);
  });
  app.get('/api/status', async () => options.status());
  registerInspector(app, options);
  app.post<{ Params: { name: string } }>('/api/credentials/:name/refresh', async (request) => {
    const { name } = request.params;
    const credential = await options.refresh(name);
    if (credential !== undefined) return credential;
    throw new BearerdError('BEARERD_NO_ROUTE', `No route uses a credential named ${JSON.stringify(name)}.`, {
      action: 'GET /api/status lists the credentials.',
    });
  });
  app.setNotFoundHandler((request, reply) =>
    answer(
      options,
      request,
      reply,
      new BearerdError('BEARERD_NO_ROUTE', 'The admin listener has nothing at this path.', {
        action:
          'Use GET /, /livez, /readyz, /metrics, /api/status, /api/requests or /api/events, or POST /api/credentials/NAME/refresh.',
      }),
    ),
  );
  app.setErrorHandler((error, request, reply) => answer(options, request, reply, error));
  return app;
}

function judge(request: FastifyRequest, options: AdminOptions): BearerdError | undefined {
  const refusal = guard({
    method: request.method,
    url: request.raw.url ?? '',
    httpVersion: request.raw.httpVersion,
    rawHeaders: request.raw.rawHeaders,
    scheme: 'http',
    ...options.guard(),
  });
  if (refusal !== undefined || isRead(request.method)) return refusal;
  const key = options.localKey?.();
  return (
    judgeContentType(request.headers['content-type']) ??
    (key === undefined ? undefined : judgeLocalKey(key, request.raw.rawHeaders))
  );
}

/** What changes something is called with a type that a page of another origin may not send without asking (threat 2). */
function judgeContentType(type: string | undefined): BearerdError | undefined {
  if (type?.split(';', 1)[0]?.trim().toLowerCase() === 'application/json') return undefined;
  return new BearerdError(
    'BEARERD_CONTENT_TYPE',
    'A call that changes something needs Content-Type: application/json.',
  );
}

/** Only the Host may be foreign: a web page is refused here like everywhere. */
function isHostRefusal(refusal: BearerdError): boolean {
  return refusal.code === 'BEARERD_HOST_NOT_ALLOWED';
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function told(options: AdminOptions, { id: requestId, raw: request }: FastifyRequest, refusal: BearerdError): void {
  options.onRefused(refusal.code, { requestId, request, status: refusal.entry.status });
}

function answer(options: AdminOptions, request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  const known = error instanceof BearerdError ? error : fromFramework(error);
  if (known.code === 'BEARERD_INTERNAL') {
    options.log.error({ err: error, requestId: request.id }, 'The admin listener could not answer a request.');
  }
  const problem = problemOf(known, { requestId: request.id, method: request.method, instance: request.url });
  reply.hijack();
  reply.raw.writeHead(problem.status, problem.headers).end(problem.body);
  return reply;
}

/** Fastify's own complaints about a request carry their status; everything else is a mistake of ours. */
function fromFramework(error: unknown): BearerdError {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new BearerdError('BEARERD_REQUEST_MALFORMED', 'The request cannot be read.', { cause: error });
  }
  return new BearerdError('BEARERD_INTERNAL', 'The admin listener could not answer.', { cause: error });
}
