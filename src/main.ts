#!/usr/bin/env node
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import type { CliContext, Command } from './cli/context.ts';
import { nearestName } from './config/nearest-name.ts';
import { redact } from './config/redaction.ts';

/** Each command is loaded when it is used: what starts fast is left in the path. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./cli/run.ts')).run,
  demo: async () => (await import('./cli/demo.ts')).demo,
  check: async () => (await import('./cli/check.ts')).check,
  doctor: async () => (await import('./cli/doctor.ts')).doctor,
  token: async () => (await import('./cli/token.ts')).token,
  init: async () => (await import('./cli/init.ts')).init,
  emulate: async () => (await import('./cli/emulate.ts')).emulate,
  exec: async () => (await import('./cli/exec.ts')).exec,
  healthcheck: async () => (await import('./cli/healthcheck.ts')).healthcheck,
  wait: async () => (await import('./cli/wait.ts')).wait,
  config: async () => (await import('./cli/config.ts')).config,
  completion: async () => (await import('./cli/completion.ts')).completion,
};

/** The process as the commands see it. The first signal asks for a stop, the second ends the process at once. */
function contextOf(argv: readonly string[]): CliContext {
  let stops = 0;
  return {
    argv,
    env: process.env,
    cwd: process.cwd(),
    home: homedir(),
    version: version(),
    nodeVersion: process.versions.node,
    // made when it is asked for: few commands read it
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal: process.stdout.isTTY === true,
    onSignal: (signal, listener, again = 'end') => {
      process.on(signal, () => {
        if (signal !== 'SIGHUP' && again === 'end') stops += 1;
        if (stops > 1) process.exit(130);
        listener();
      });
    },
  };
}

function version(): string {
  // package.json is ours and has a version; it lies two folders above this file once built
  const manifest = createRequire(import.meta.url)('../../package.json') as { version: string };
  return manifest.version;
}

async function main(words: readonly string[]): Promise<number> {
  const [first = 'run', ...rest] = words;
  if (first === '--version' || first === '-v') {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    const { generalHelp } = await import('./cli/help.ts');
    process.stdout.write(generalHelp());
    return 0;
  }
  const name = first.startsWith('-') ? 'run' : first;
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    const near = nearestName(name, Object.keys(commands));
    process.stderr.write(
      `bearerd: no command '${name}'; ${near === undefined ? 'bearerd --help lists them' : `did you mean ${near}?`}\n`,
    );
    return 2;
  }
  const command = await load();
  return command(contextOf(name === first ? rest : words));
}

/** The last defence: whatever ends the process says so in one place, without secrets. */
function crash(error: unknown): never {
  process.stderr.write(`bearerd: ${redact(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`);
  process.exit(1);
}

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
// no await: the bundle is CommonJS
void main(process.argv.slice(2))
  .catch(crash)
  .then((code) => {
    process.exitCode = code;
  });
