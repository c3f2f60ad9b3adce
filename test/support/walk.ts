import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BearerdProcess } from './bearerd-process.ts';
import { fencedBlock, shellCommands } from './shell-blocks.ts';

/** What came of one command. */
export interface Step {
  /** Exit code; of curl the status; undefined = it goes on running. */
  readonly code: number | undefined;
  readonly output: string;
}

/** Ports that documentation uses; a test uses others. */
const ports = ['9100', '9200', '8080'];

/**
 * Does what a section of a page says, in a new folder: writes its bearerd.yaml, runs its commands one after the other. What
 * was started with `&` ends with the test.
 * @param program what `npx bearerd` runs
 */
export async function walk(
  t: { readonly teardown: (fn: () => unknown) => void },
  section: string,
  program: string,
): Promise<readonly Step[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-walk-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const others = new Map(await Promise.all(ports.map(async (port) => [port, await freePort()] as const)));
  const here = (text: string): string => [...others].reduce((all, [port, other]) => all.replaceAll(port, other), text);
  if (section.includes('```yaml')) writeFileSync(join(folder, 'bearerd.yaml'), here(fencedBlock(section, 'yaml')));
  const steps: Step[] = [];
  for (const { command } of shellCommands(section))
    steps.push(await step(t, here(command), { folder, program, port: others.get('8080') ?? '' }));
  return steps;
}

async function step(
  t: { readonly teardown: (fn: () => unknown) => void },
  line: string,
  { folder, program, port }: { readonly folder: string; readonly program: string; readonly port: string },
): Promise<Step> {
  // With fetch: a machine with Node need not have curl.
  const [, url] = /^curl (\S+)$/.exec(line) ?? [];
  if (url !== undefined) {
    const answer = await fetch(url);
    return { code: answer.status, output: await answer.text() };
  }
  const [, words, on] = /^npx bearerd (.*?)( &)?$/.exec(line) ?? [];
  if (words === undefined) return inShell(line, folder);
  const env = { BEARERD_LISTEN: `127.0.0.1:${port}` };
  const started = new BearerdProcess({ program, words: words.split(' '), folder, env });
  t.teardown(() => started.stop());
  if (on === undefined) return { code: (await started.ended()).code, output: started.output };
  await started.until(() => started.stdout.includes('http://'), 'its address');
  return { code: undefined, output: started.output };
}

function inShell(line: string, cwd: string): Promise<Step> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], { cwd }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr });
    });
  });
}

/** Free a moment ago, which on loopback is as good as free. */
async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // listen() on a TCP port always gives an AddressInfo
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
