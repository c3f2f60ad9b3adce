import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, freePort, listening } from './child.ts';
import { programPath } from './machine.ts';

/** What the proxies are put in front of. */
export interface World {
  /** A folder for configurations, logs and programs, removed at the end. */
  readonly folder: string;
  /** The leanest upstream there is; it takes the fixed token only. http://127.0.0.1:PORT */
  readonly fast: string;
  /** What `fast` is. */
  readonly fastName: string;
  /** The upstream that judges fresh tokens too, reads uploads, and has faults. */
  readonly judging: string;
  /** Without a path; see programs/services.ts. */
  readonly tokens: string;
  /** The token that both upstreams take for a day. */
  readonly fixed: string;
  /** Times (epoch milliseconds) of the requests at a path of the token endpoint. */
  readonly tokenRequests: (path: string) => Promise<readonly number[]>;
  /** From now on no fresh token is good any more. */
  readonly revoke: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts the upstreams and the token endpoint. */
export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-bench-'));
  const program = new URL('./programs/services.js', import.meta.url).pathname;
  const services = new Child({ command: process.execPath, args: [program] }, 'load');
  // the program's first line, see there
  const { upstream, tokens, door, fixed } = JSON.parse(await services.firstLine()) as Record<
    'upstream' | 'tokens' | 'door',
    number
  > & { fixed: string };
  const nginx = await startNginx(folder, fixed);
  const judging = `http://127.0.0.1:${upstream}`;
  return {
    folder,
    fast: nginx?.url ?? judging,
    fastName: nginx === undefined ? 'a node:http server' : 'nginx',
    judging,
    tokens: `http://127.0.0.1:${tokens}`,
    fixed,
    tokenRequests: async (path) =>
      (await (await fetch(`http://127.0.0.1:${door}/requests${path}`)).json()) as readonly number[],
    revoke: async () => {
      await (await fetch(`http://127.0.0.1:${door}/revoke`)).arrayBuffer();
    },
    stop: async () => {
      await Promise.all([services.stop(), nginx?.child.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startNginx(folder: string, token: string): Promise<{ child: Child; url: string } | undefined> {
  const command = programPath('nginx');
  if (command === undefined) return undefined;
  const port = await freePort();
  const files = join(folder, 'upstream');
  mkdirSync(files);
  writeFileSync(join(files, '64k'), Buffer.alloc(64 * 1024, 'x'));
  writeFileSync(join(files, '10m'), Buffer.alloc(10 * 1024 * 1024, 'x'));
  const file = join(folder, 'upstream.conf');
  writeFileSync(
    file,
    `${nginxHead(folder, 'upstream')}
  map_hash_bucket_size 1024;
  map $http_authorization $taken { default 0; "Bearer ${token}" 1; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type application/json;
    if ($taken = 0) { return 401; }
    location ~ /1k$ { return 200 "${'x'.repeat(1024)}"; }
    location / { root ${files}; sendfile on; open_file_cache max=10; }
  }
}
`,
  );
  const child = new Child({ command, args: ['-c', file] }, 'load');
  await listening(port);
  return { child, url: `http://127.0.0.1:${port}` };
}

/** The lines that every nginx of ours begins with: one worker, no log, no limit on the requests of a connection. */
export function nginxHead(folder: string, name: string): string {
  const user = process.getuid?.() === 0 ? 'user root;\n' : '';
  return `${user}daemon off; worker_processes 1; pid ${join(folder, `${name}.pid`)}; error_log ${join(folder, `${name}.log`)} crit;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; tcp_nodelay on;
  client_body_temp_path ${join(folder, `${name}-bodies`)}; proxy_temp_path ${join(folder, `${name}-answers`)};
  fastcgi_temp_path ${join(folder, `${name}-f`)}; uwsgi_temp_path ${join(folder, `${name}-u`)}; scgi_temp_path ${join(folder, `${name}-s`)};`;
}
