import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// The upstream that judges tokens, the token endpoint that issues them, and a door to look inside, in one process so
// that they agree. Writes one line of JSON with the ports and the fixed token.
//
//   token endpoint   POST /fixed…               always the fixed token, valid for a day
//                    POST /fresh/LIFE/DELAY/…   a new token, valid for LIFE seconds, after DELAY milliseconds
//   upstream         any path ending in /1k, /64k, /10m, /upload; /early-head, /hang, /slow
//   door             GET /requests/PATH         times of token requests at PATH; POST /revoke: no fresh token is good any more

const key = randomBytes(32);
const day = 86_400;
const json = Buffer.alloc(1024, 'x');
const bodies: readonly (readonly [ending: string, body: Buffer])[] = [
  ['/1k', json],
  ['/64k', Buffer.alloc(64 * 1024, 'x')],
  ['/10m', Buffer.alloc(10 * 1024 * 1024, 'x')],
];

const issued = new Map<string, number>();
const requests = new Map<string, number[]>();
const fixed = token(day);
issued.set(fixed, Number.POSITIVE_INFINITY);

function token(lifeSeconds: number): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://idp.example.com', sub: 'bench', aud: 'bench', jti: randomBytes(8).toString('hex') };
  const text = `${part({ alg: 'HS256', typ: 'at+jwt' })}.${part({ ...claims, iat: nowSeconds, exp: nowSeconds + lifeSeconds })}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

function tokenEndpoint(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  requests.set(path, [...(requests.get(path) ?? []), Date.now()]);
  request.resume();
  const [, kind, life = '3600', delay = '0'] = path.split('/');
  setTimeout(() => {
    const lifeSeconds = kind === 'fresh' ? Number(life) : day;
    const value = kind === 'fresh' ? token(lifeSeconds) : fixed;
    if (kind === 'fresh') issued.set(value, Date.now() + lifeSeconds * 1000);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ access_token: value, token_type: 'Bearer', expires_in: lifeSeconds }));
  }, Number(delay));
}

function upstream(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  const value = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
  if ((issued.get(value) ?? 0) <= Date.now()) {
    request.resume();
    response.writeHead(401, { 'WWW-Authenticate': 'Bearer error="invalid_token"', 'Content-Length': '0' }).end();
    return;
  }
  const body = bodies.find(([ending]) => path.endsWith(ending))?.[1];
  if (body !== undefined) {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': String(body.length) }).end(body);
  } else if (path.endsWith('/upload')) {
    request.on('end', () => response.writeHead(200, { 'Content-Length': '2' }).end('ok'));
    request.resume();
  } else if (path === '/early-head') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    setTimeout(() => response.end('data: late\n\n'), 500);
  } else if (path === '/slow') {
    setTimeout(() => response.writeHead(200, { 'Content-Length': '2' }).end('ok'), 1_000);
  } else if (path !== '/hang') {
    response.writeHead(404, { 'Content-Length': '0' }).end();
  }
}

function door(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '';
  if (path === '/revoke') {
    issued.clear();
    issued.set(fixed, Number.POSITIVE_INFINITY);
  }
  response.end(JSON.stringify(requests.get(path.replace(/^\/requests/, '')) ?? []));
}

async function open(listener: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: 600_000 }, listener);
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, resolve));
  // a TCP server's address is an AddressInfo
  return (server.address() as AddressInfo).port;
}

const ports = { upstream: await open(upstream), tokens: await open(tokenEndpoint), door: await open(door) };
process.stdout.write(`${JSON.stringify({ ...ports, fixed })}\n`);
