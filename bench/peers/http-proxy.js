// @fastify/http-proxy without a guard, a log, an id or metrics: a fixed header and nothing else.
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';

const authorization = `Bearer ${process.env.TOKEN}`;
const app = Fastify({ logger: false });
await app.register(httpProxy, {
  upstream: process.env.UPSTREAM,
  replyOptions: { rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization }) },
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
