import { closedPort, startFront, startServer } from './front.ts';
import type { Misconfiguration } from './misconfiguration.ts';
import { landscape, withoutToken } from './set-up.ts';

/** The request does not arrive where it should. */
export const wayMistakes: readonly Misconfiguration[] = [
  {
    name: 'issuer that calls itself otherwise',
    finding: 'issuer_mismatch',
    words: /metadata of the issuer "(.*)", but the credential's issuer is "\1\/"[\s\S]*issuer: http/,
    setUp: async (t) => {
      const { idp, config } = await landscape(t);
      return config({}, { tokenEndpoint: undefined, issuer: `${idp.issuer}/` });
    },
  },
  {
    name: 'token URL that answers HTML',
    finding: 'invalid_token_response',
    words: /the body is HTML[\s\S]*answers with a web page/,
    setUp: async (t) => {
      const { idp, config } = await landscape(t);
      await idp.faults.apply({ html: true, at: 'token' });
      return config();
    },
  },
  {
    name: 'token URL that answers 403 with nothing',
    finding: 'http_403',
    words: /403: the body is empty[\s\S]*firewall/,
    setUp: async (t) => {
      const { origin: wall } = await startServer(t, false, (_request, response) => response.writeHead(403).end());
      return withoutToken({ tokenEndpoint: `${wall}/token` });
    },
  },
  {
    name: 'token URL that is not there',
    finding: 'not_found',
    words: /answered 404[\s\S]*tokenEndpoint/,
    setUp: async (t) => {
      const { idp, config } = await landscape(t);
      return config({}, { tokenEndpoint: `${idp.url}/oauth/token` });
    },
  },
  {
    name: 'private CA before the token endpoint',
    finding: 'certificate',
    words: /certificate that is not trusted[\s\S]*tls\.ca[\s\S]*issued by "bearerd test authority"/,
    setUp: async (t) => {
      const { origin } = await startServer(t, true, (_request, response) => response.end());
      return withoutToken({ tokenEndpoint: `${origin}/token` });
    },
  },
  {
    name: 'private CA before the API',
    finding: 'upstream_certificate',
    words: /certificate[\s\S]*tls\.ca[\s\S]*issued by "bearerd test authority"/,
    setUp: async (t) => {
      const { collibra, config } = await landscape(t);
      return config({ upstream: await startFront(t, collibra.url, { secure: true }) });
    },
  },
  {
    name: 'proxy in the way',
    finding: 'proxy_in_the_way',
    words: /answered 407[\s\S]*A proxy between bearerd and the token endpoint/,
    setUp: async (t) => {
      const { origin: proxy } = await startServer(t, false, (_request, response) => {
        response.writeHead(407, { 'Proxy-Authenticate': 'Basic', 'Content-Type': 'text/html' });
        response.end('<h1>Proxy authentication required</h1>');
      });
      return withoutToken({ tokenEndpoint: `${proxy}/token` });
    },
  },
  {
    name: 'egress proxy that wants a password',
    finding: 'egress_proxy_refused',
    words: /answered 407 to the wish for a connection to idp\.example\.com:443[\s\S]*egressProxy/,
    setUp: async (t) => {
      const proxy = await startServer(t, false, (_request, response) => response.end());
      proxy.server.on('connect', (_request, socket) =>
        socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n'),
      );
      const way = { tokenEndpoint: 'https://idp.example.com/token', egressProxy: proxy.origin };
      return withoutToken(way);
    },
  },
  {
    name: 'token endpoint whose name nobody knows',
    finding: 'name',
    words: /host name cannot be resolved/,
    setUp: async () => withoutToken({ tokenEndpoint: 'https://idp.invalid/token' }),
  },
  {
    name: 'nobody listens at the token endpoint',
    finding: 'refused',
    words: /refused the connection[\s\S]*host and port/,
    setUp: async () => withoutToken({ tokenEndpoint: `${await closedPort()}/token` }),
  },
  {
    name: 'https where plain http is spoken',
    finding: 'tls',
    words: /failed in the TLS handshake[\s\S]*speaks TLS on this port/,
    setUp: async (t) => {
      const { origin } = await startServer(t, false, (_request, response) => response.end());
      return withoutToken({ tokenEndpoint: `${origin.replace('http:', 'https:')}/token` });
    },
  },
  {
    name: 'upstream that is not the API',
    finding: 'nothing_there',
    words: /404: the token is not refused, but there is nothing at this path/,
    setUp: async (t) => {
      const { collibra, config } = await landscape(t);
      return config({ upstream: `${collibra.url}/rest` });
    },
    unsaid: "the API's own 404 goes through untouched",
  },
];
