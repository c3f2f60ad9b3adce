import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A token endpoint for one client whose secret a test rotates. */
export interface RotatingEndpoint {
  readonly url: string;
  /** Secrets that are taken at the moment. */
  readonly secrets: Set<string>;
  /** Tokens that were issued, oldest first. */
  readonly issued: string[];
  /** Token requests with a secret that is not taken. */
  refused: number;
  readonly close: () => Promise<void>;
}

/** @param lifeSeconds of each token; as `expires_in`. */
export async function startRotatingEndpoint(lifeSeconds: number, secret: string): Promise<RotatingEndpoint> {
  const server = createServer((request, response) => {
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ');
    const [, given = ''] = Buffer.from(basic, 'base64').toString().split(':');
    request.resume();
    request.on('end', () => {
      response.setHeader('Content-Type', 'application/json');
      if (!endpoint.secrets.has(given)) {
        endpoint.refused += 1;
        response.statusCode = 401;
        response.end('{"error":"invalid_client"}');
        return;
      }
      const token = `token-${endpoint.issued.length + 1}`;
      endpoint.issued.push(token);
      response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: lifeSeconds }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const { port } = server.address() as AddressInfo;
  const endpoint: RotatingEndpoint = {
    url: `http://127.0.0.1:${port}/token`,
    secrets: new Set([secret]),
    issued: [],
    refused: 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return endpoint;
}
