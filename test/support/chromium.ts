import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BrowserPage } from './browser-page.ts';
import { DevTools } from './devtools.ts';

/** Milliseconds that Chromium has for its start. */
const patienceMs = 60_000;

/** How Chromium is started. */
export interface ChromiumOptions {
  /** Host names besides localhost that lead somewhere: name → address, with port or without. All others do not resolve. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Further switches. */
  readonly switches?: readonly string[];
}

/** A headless Chromium with a profile of its own; nothing of it leaves loopback. */
export class Chromium {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #tools: DevTools;

  private constructor(child: ChildProcess, profile: string, tools: DevTools) {
    this.#child = child;
    this.#profile = profile;
    this.#tools = tools;
  }

  /** @throws Error when it is not installed or does not start: a test without it is a failed test. */
  static async start({ hosts = {}, switches = [] }: ChromiumOptions = {}): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), 'bearerd-chromium-'));
    const rules = [
      ...Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`),
      'MAP * ~NOTFOUND',
      'EXCLUDE localhost',
      'EXCLUDE 127.0.0.1',
      'EXCLUDE ::1',
    ];
    const words = [
      '--headless=new',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      `--host-resolver-rules=${rules.join(', ')}`,
      '--no-first-run',
      '--no-default-browser-check',
      '--no-proxy-server',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-default-apps',
      '--disable-dev-shm-usage',
      '--disable-gpu',
      '--disable-sync',
      '--force-color-profile=srgb',
      '--hide-scrollbars',
      '--lang=en-US',
      // Chromium refuses to be sandboxed by root
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...switches,
      'about:blank',
    ];
    const child = spawn('chromium', words, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    try {
      return new Chromium(child, profile, await DevTools.connect(await addressOf(child)));
    } catch (error) {
      await end(child, profile);
      throw error;
    }
  }

  /** Opens an empty page; see BrowserPage.open. */
  async newPage(): Promise<BrowserPage> {
    return BrowserPage.attach(this.#tools);
  }

  /** Ends it and removes its profile. */
  async close(): Promise<void> {
    this.#tools.close();
    await end(this.#child, this.#profile);
  }
}

/** Where the DevTools listen; Chromium says it on stderr. */
function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`Chromium did not start:\n${said}`)), patienceMs);
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`Chromium ended with ${code}:\n${said}`)));
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const address = /^DevTools listening on (ws:\S+)$/m.exec(said)?.[1];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
}

/** Ends the process group: Chromium's helpers are processes of their own. */
async function end(child: ChildProcess, profile: string): Promise<void> {
  const { pid, exitCode, signalCode } = child;
  if (pid !== undefined && exitCode === null && signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-pid, 'SIGKILL');
    await ended;
  }
  rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
