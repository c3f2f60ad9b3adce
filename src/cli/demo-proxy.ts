import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../app.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { BatchedLog } from '../log.ts';
import { providers } from '../provider/index.ts';
import type { DemoProxy, DemoRoute } from './demo-world.ts';

/** How the demo's proxy is started. */
export interface DemoProxyOptions {
  /** 0 = any free port. */
  readonly port: number;
  readonly log: BatchedLog;
}

/**
 * Starts the proxy as `bearerd run` would, on loopback, from a configuration of its own: no file or variable of the user's counts.
 * @throws BearerdError BEARERD_LISTEN when the port is taken.
 */
export async function startDemoProxy(routes: readonly DemoRoute[], options: DemoProxyOptions): Promise<DemoProxy> {
  const config = load({
    listen: `127.0.0.1:${options.port}`,
    admin: 'off',
    drainTimeout: '1s',
    // With the first requests instead, where one sees what they are for; the tour counts them.
    tokens: { eager: false },
    routes: routes.map(({ name, path, upstream, preset }) => ({ name, path, upstream, preset, credential: name })),
    credentials: Object.fromEntries(routes.map(({ name, credential }) => [name, credential])),
  });
  const app = await buildApp(config, { clock: systemClock, random: Math.random, log: options.log });
  const { proxy } = await app.start();
  return { url: proxy[0]?.url ?? '', stop: () => app.stop() };
}

/** Through a file, so that the demo's configuration takes the way of everybody's. */
function load(settings: object): Config {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-demo-'));
  try {
    const file = join(folder, 'bearerd.yaml');
    writeFileSync(file, JSON.stringify(settings, null, 2), { mode: 0o600 });
    return loadConfig({ file, env: {}, flags: {}, cwd: folder, home: undefined, providers }).config;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
