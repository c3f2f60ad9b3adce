import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programPath } from './machine.ts';
import type { Place, Subject } from './subject.ts';
import { nginxHead } from './world.ts';

/** The sources: what is compiled lies in build/bench, the peers' own files and packages in bench. */
const bench = new URL('../../bench/', import.meta.url).pathname;

/** A program under bench/peers, with the peers' packages. */
function nodePeer(name: string, file: string): Subject {
  return {
    name,
    launch: ({ world, upstream, tokenPath }, port) => ({
      command: process.execPath,
      args: [join(bench, 'peers', file)],
      env: {
        PORT: String(port),
        UPSTREAM: upstream,
        TOKEN: world.fixed,
        TOKEN_ENDPOINT: `${world.tokens}${tokenPath}`,
        NODE_ENV: 'production',
      },
    }),
  };
}

/** A server from Debian that reads a file of its own and adds the fixed token. */
function serverPeer(
  name: string,
  args: (file: string) => string[],
  text: (place: Place, port: number) => string,
): Subject {
  const command = programPath(name);
  return {
    name,
    missing: command === undefined ? `${name} is not installed` : undefined,
    launch: (place, port) => {
      const file = join(place.world.folder, `${name}.conf`);
      writeFileSync(file, text(place, port));
      return {
        command: command ?? name,
        args: args(file),
        env: { HOME: place.world.folder },
        errorFile: `${file}.log`,
      };
    },
  };
}

/** A bare Node server, to weigh a process by. */
export const bareNode: Subject = nodePeer('node:http server', 'node-http.js');

/** node:http on both sides and pipes between. */
export const nodePipe: Subject = nodePeer('node:http pipe', 'node-pipe.js');

/** @fastify/http-proxy with a fixed header. */
export const httpProxy: Subject = nodePeer('@fastify/http-proxy', 'http-proxy.js');

/** The same with tokens by an interceptor. */
export const httpProxyOidc: Subject = nodePeer('@fastify/http-proxy + undici-oidc-interceptor', 'http-proxy-oidc.js');

/** express with http-proxy-middleware and a fixed header. */
export const express: Subject = nodePeer('express + http-proxy-middleware', 'express.js');

/** nginx with a fixed header and a pool of upstream connections. */
export const nginx: Subject = serverPeer(
  'nginx',
  (file) => ['-c', file],
  ({ world, upstream }, port) => `${nginxHead(world.folder, 'peer')}
  upstream api { server ${hostOf(upstream)}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    client_max_body_size 0;
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host ${hostOf(upstream)};
      proxy_set_header Authorization "Bearer ${world.fixed}";
    }
  }
}
`,
);

/** HAProxy with one thread, a fixed header and shared upstream connections. */
export const haproxy: Subject = serverPeer(
  'haproxy',
  (file) => ['-f', file],
  ({ world, upstream }, port) => `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend proxy
  bind 127.0.0.1:${port} backlog 4096
  default_backend api
backend api
  http-request set-header Authorization "Bearer ${world.fixed}"
  http-request set-header Host ${hostOf(upstream)}
  server api ${hostOf(upstream)} pool-max-conn 256
`,
);

/** Caddy with a fixed header. */
export const caddy: Subject = serverPeer(
  'caddy',
  (file) => ['run', '--config', file, '--adapter', 'caddyfile'],
  ({ world, upstream }, port) => `{
  admin off
  auto_https off
  log {
    output discard
  }
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
  reverse_proxy ${hostOf(upstream)} {
    header_up Authorization "Bearer ${world.fixed}"
    header_up Host ${hostOf(upstream)}
    transport http {
      keepalive_idle_conns_per_host 1024
      compression off
    }
  }
}
`,
);

/** httputil.ReverseProxy with golang.org/x/oauth2 and a tuned transport, built from Debian's packages without network. */
export const go: Subject = goProxy();

function goProxy(): Subject {
  const command = programPath('go');
  const packages = '/usr/share/gocode';
  const there = command !== undefined && existsSync(`${packages}/src/golang.org/x/oauth2/clientcredentials`);
  return {
    name: 'Go ReverseProxy + oauth2',
    missing: there ? undefined : 'golang and golang-golang-x-oauth2-dev are not installed',
    launch: ({ world, upstream, tokenPath }, port) => {
      const program = join(world.folder, 'go-proxy');
      if (!existsSync(program)) {
        execFileSync(command ?? 'go', ['build', '-o', program, join(bench, 'peers/go/main.go')], {
          env: {
            PATH: process.env['PATH'] ?? '',
            GO111MODULE: 'off',
            GOPATH: packages,
            GOCACHE: join(world.folder, 'go-cache'),
          },
        });
      }
      const env = { PORT: String(port), UPSTREAM: upstream, TOKEN_ENDPOINT: `${world.tokens}${tokenPath}` };
      return { command: program, args: [], env };
    },
  };
}

function hostOf(origin: string): string {
  return new URL(origin).host;
}
