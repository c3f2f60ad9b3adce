// @fastify/http-proxy with undici-oidc-interceptor: a real token, no guard, no log, no id, no metrics.
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import { Agent } from 'undici';
import { createOidcInterceptor } from 'undici-oidc-interceptor';

const { UPSTREAM, TOKEN_ENDPOINT, PORT } = process.env;
const app = Fastify({ logger: false });
const interceptor = createOidcInterceptor({
  idpTokenUrl: TOKEN_ENDPOINT,
  clientId: 'bench',
  clientSecret: 'bench-secret',
  urls: [UPSTREAM],
});
await app.register(httpProxy, { upstream: UPSTREAM, undici: new Agent().compose(interceptor) });
await app.listen({ host: '127.0.0.1', port: Number(PORT) });
