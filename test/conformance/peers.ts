import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import { freePort, patienceMs, type Subject } from './subject.ts';

/** Another proxy that the same cases can be run against. */
export interface Peer extends Subject {
  /** Name and version. */
  readonly name: string;
}

/** nginx as its manual sets it up for this job; the program has to be there. @throws when it does not start */
export async function startNginx(upstreamPort: number): Promise<Peer> {
  const version = /nginx\/([0-9.]+)/.exec(spawnSync('nginx', ['-v'], { encoding: 'utf8' }).stderr ?? '')?.[1];
  if (version === undefined) throw new Error('nginx is not installed (apt-get install nginx)');
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-nginx-'));
  const port = await freePort();
  writeFileSync(join(folder, 'nginx.conf'), nginxConfig(folder, port, upstreamPort, await freePort()));
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exited = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  if (!(await answers(port))) {
    await stop();
    throw new Error(`nginx does not listen: ${said}`);
  }
  return { name: `nginx ${version}`, port, stop };
}

function nginxConfig(folder: string, port: number, upstreamPort: number, deadPort: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  return `
daemon off;
master_process off;
error_log stderr crit;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.join('\n  ')}
  client_header_timeout 1s;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream api { server 127.0.0.1:${upstreamPort}; keepalive 32; }
  proxy_http_version 1.1;
  proxy_buffering off;
  proxy_request_buffering off;
  proxy_connect_timeout ${patienceMs}ms;
  proxy_read_timeout ${patienceMs}ms;
  proxy_set_header Host 127.0.0.1:${upstreamPort};
  proxy_set_header Authorization "Bearer token1";
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $connection_upgrade;
  proxy_redirect http://127.0.0.1:${upstreamPort}/base/ /p/;
  proxy_redirect http://127.0.0.1:${upstreamPort}/ /;
  proxy_cookie_path /base /p;
  server { listen 127.0.0.1:${port} default_server; return 421; }
  server {
    listen 127.0.0.1:${port};
    server_name localhost 127.0.0.1 [::1];
    location / { proxy_pass http://api; }
    location /p/ { proxy_pass http://api/base/; }
    location = /p { proxy_pass http://api/base; }
    location /self/ { proxy_pass http://127.0.0.1:${port}; proxy_set_header Host localhost; }
    location /down/ { proxy_pass http://127.0.0.1:${deadPort}; }
  }
}
`;
}

/** A bare @fastify/http-proxy with a header on top, as its manual shows it. */
export async function startHttpProxy(upstreamPort: number): Promise<Peer> {
  const port = await freePort();
  const app = Fastify({ logger: false });
  const upstream = `http://127.0.0.1:${upstreamPort}`;
  const routes = [
    { prefix: '/p', rewritePrefix: '/base', upstream },
    { prefix: '/self', rewritePrefix: '/self', upstream: `http://127.0.0.1:${port}` },
    { prefix: '/down', rewritePrefix: '/', upstream: `http://127.0.0.1:${await freePort()}` },
    { prefix: '/', rewritePrefix: '/', upstream },
  ];
  for (const route of routes) {
    await app.register(httpProxy, {
      ...route,
      websocket: true,
      undici: { headersTimeout: patienceMs, bodyTimeout: patienceMs },
      replyOptions: { rewriteRequestHeaders: (_request, headers) => ({ ...headers, authorization: 'Bearer token1' }) },
    });
  }
  app.server.headersTimeout = 1_000;
  // all of them: a crash in the middle of an upgrade leaves connections that the server knows nothing of
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => sockets.add(socket));
  await app.listen({ host: '127.0.0.1', port });
  return {
    name: 'bare @fastify/http-proxy',
    port,
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await app.close();
    },
  };
}

async function answers(port: number): Promise<boolean> {
  for (let i = 0; i < 100; i += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}
