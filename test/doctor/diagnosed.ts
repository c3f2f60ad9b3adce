import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { buildApp } from '../../src/app.ts';
import { doctor } from '../../src/cli/doctor.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { createLog } from '../../src/log.ts';
import { providers } from '../../src/provider/index.ts';
import { testConsole } from '../cli/demo-console.ts';
import { MemoryStream } from '../support/memory-stream.ts';
import type { Misconfiguration } from './misconfiguration.ts';

/**
 * Issue 8, acceptance 1: the misconfiguration is set up for real, `doctor` names the cause first, and the answer to a request
 * that fails because of it says the same.
 */
export async function diagnosed(t: Test, { finding, words, setUp, unsaid }: Misconfiguration): Promise<void> {
  const config = await setUp(t);
  const { code, first, output } = await examined(t, config);
  t.equal(code, 1);
  t.equal(first?.id, finding, `${first?.sentence} ${first?.cure}`);
  t.match(`${first?.sentence}\n${first?.cure}`, words);
  t.notMatch(output, /[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/, 'no token');
  const detail = await answered(t, config);
  const said = detail?.includes(first?.sentence ?? '-') === true;
  t.equal(said, unsaid === undefined, unsaid ?? `said: ${detail}`);
}

/** What `doctor --json` finds. */
export async function examined(
  t: Test,
  config: object,
): Promise<{ readonly code: number; readonly first: Finding | undefined; readonly output: string }> {
  const cwd = t.testdir({});
  writeFileSync(join(cwd, 'bearerd.yaml'), JSON.stringify(config));
  const { context, out, err } = testConsole(['--json']);
  const code = await doctor({ ...context, cwd });
  const output = `${out()}${err()}`;
  if (code === 2) return { code, first: undefined, output };
  // The command's own output.
  const { findings } = JSON.parse(out()) as { readonly findings: readonly Finding[] };
  return { code, first: findings[0], output };
}

/** The detail of bearerd's own answer to the probe request; undefined = the API's answer went through. */
async function answered(t: Test, config: object): Promise<string | undefined> {
  const sources = { env: {}, flags: {}, cwd: '/', home: undefined, providers };
  const listen = { listen: '127.0.0.1:0', admin: 'off', tokens: { eager: false } };
  const { config: loaded } = loadConfig({ ...sources, object: { ...config, ...listen } });
  const stream = new MemoryStream();
  const log = await createLog({ level: 'silent', format: 'json', color: false, stream, redact: (line) => line });
  const app = await buildApp(loaded, { clock: systemClock, random: Math.random, log });
  const { proxy } = await app.start();
  t.teardown(app.stop);
  const path = loaded.routes[0]?.probe?.split(' ')[1] ?? '/sessions';
  const response = await fetch(`${proxy[0]?.url}${path}`);
  const text = await response.text();
  if (response.headers.get('content-type') !== 'application/problem+json') return undefined;
  // An answer of bearerd's own.
  return (JSON.parse(text) as { readonly detail: string }).detail;
}
