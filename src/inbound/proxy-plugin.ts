import { METHODS, type ServerResponse } from 'node:http';
import httpProxy from '@fastify/http-proxy';
import type { FastifyInstance } from 'fastify';
import type { ArrivedRequest } from './arrival.ts';

/** TRACE would reflect the credential, CONNECT would leave the configured upstream. */
export const forwardedMethods: string[] = METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE');

/**
 * Registers @fastify/http-proxy for one path, which the server's rewriteUrl makes of all, and every forwarded method.
 * @param take gets each request, in the plugin's preHandler: what the plugin does between that and its `handler` (three
 * URLs, checks that are the guard's here) is 4 to 10 % of a request (docs/decisions/0001-data-path.md)
 */
export async function registerProxy(
  app: FastifyInstance,
  take: (request: ArrivedRequest, response: ServerResponse) => void,
): Promise<void> {
  // without a body in Fastify's eyes: the body is forwarded as a stream, whatever its Content-Type says
  for (const method of forwardedMethods) app.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  await app.register(httpProxy, {
    upstream: 'http://upstream.invalid',
    routes: ['/'],
    httpMethods: forwardedMethods,
    proxyPayloads: false,
    websocket: false,
    // it never calls `done`: the answer is ours from here on
    preHandler: (request, reply) => {
      reply.hijack();
      // the listener's server makes requests of this class only
      take(request.raw as ArrivedRequest, reply.raw);
    },
  });
}
