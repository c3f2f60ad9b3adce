import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { type App, buildApp, type ProxyAddress } from '../app.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem } from '../config/input.ts';
import { loadConfig } from '../config/load.ts';
import { allSettings } from '../config/setting-names.ts';
import { BearerdError } from '../errors.ts';
import { providers } from '../provider/index.ts';
import type { CommandLine } from './command-line.ts';
import type { CliContext, Command } from './context.ts';
import { invocation } from './invocation.ts';
import { openLog } from './serve.ts';

const freeAddress = [{ kind: 'tcp', host: '127.0.0.1', port: 0 }] as const;

/**
 * `bearerd exec [OPTION…] -- CMD ARG…`: the proxy on a free port of 127.0.0.1 for as long as a program runs.
 * stdin, stdout and stderr are the program's; bearerd logs warnings to stderr.
 * @returns the program's code, 128 + the number of the signal that ended it, 2 when it was never started
 */
export const exec: Command = async (context) => {
  const end = context.argv.indexOf('--');
  const line = invocation('exec', { ...context, argv: end < 0 ? context.argv : context.argv.slice(0, end) });
  if (typeof line === 'number') return line;
  const [program, ...args] = end < 0 ? [] : context.argv.slice(end + 1);
  if (program === undefined) return refuse(context, 'no program to run; write bearerd exec -- CMD ARG…');
  const config = load(context, line);
  if (config === undefined) return 2;
  const log = await openLog(config.log, context);
  let app: App | undefined;
  try {
    app = await buildApp(config, { clock: systemClock, random: Math.random, log, auditStreams: context });
    const { proxy } = await app.start();
    const addresses = routeAddresses(proxy, config);
    if (addresses === undefined)
      return refuse(context, 'two routes have the same BEARERD_URL_<NAME>; rename one of them');
    return await run(program, args, { ...programEnvironment(context.env), ...addresses }, context);
  } catch (error) {
    if (!(error instanceof BearerdError)) throw error;
    return refuse(context, `${error.message}\n  ${error.occurrence.action ?? error.entry.action}`);
  } finally {
    await app?.stop();
    log.flush();
  }
};

function refuse(context: CliContext, problem: string): 2 {
  context.stderr.write(`bearerd exec: ${problem}\n`);
  return 2;
}

/** undefined = the problems have been told. */
function load({ env, cwd, home, stderr }: CliContext, line: CommandLine): Config | undefined {
  const file = typeof line.options['config'] === 'string' ? line.options['config'] : undefined;
  // What a file says of the log is for the service; between the lines of a program it would only be in the way.
  const level = env['BEARERD_LOG_LEVEL'] || 'warn';
  const flags = { 'log-level': level, ...line.flags, listen: '127.0.0.1:0', admin: 'off' };
  try {
    const { config, warnings } = loadConfig({ file, env, flags, cwd, home, providers });
    for (const warning of warnings) stderr.write(`bearerd: warning: ${formatProblem(warning)}\n`);
    const { guard } = config;
    const allowedHosts = [...new Set([...guard.allowedHosts, '127.0.0.1', 'localhost'])];
    const routes = config.routes.map((route) =>
      route.listen === undefined ? route : { ...route, listen: freeAddress },
    );
    return { ...config, routes, guard: { ...guard, allowedHosts } };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) stderr.write(`${formatProblem(problem)}\n`);
    return undefined;
  }
}

/** `BEARERD_URL` and per route `BEARERD_URL_<NAME>`, none with a slash at its end; undefined = two routes share a name. */
function routeAddresses(proxy: readonly ProxyAddress[], { routes }: Config): Record<string, string> | undefined {
  const addresses: Record<string, string> = { BEARERD_URL: proxy[0]?.url ?? '' };
  for (const { name, path } of routes) {
    const url = proxy.find((one) => one.routes.includes(name))?.url ?? '';
    const variable = `BEARERD_URL_${name.replaceAll(/[^A-Za-z\d]+/g, '_').toUpperCase()}`;
    if (Object.hasOwn(addresses, variable)) return undefined;
    addresses[variable] = `${url}${path === '/' ? '' : path}`;
  }
  return addresses;
}

/** The environment without bearerd's secrets, which are the program's no business; loopback past an HTTP proxy. */
function programEnvironment(env: CliContext['env']): Record<string, string | undefined> {
  const secrets = allSettings(providers)
    .filter(({ secret }) => secret)
    .map(({ variable }) => variable);
  const result = Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.includes(name)));
  const names = ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'];
  if (!names.some((name) => env[name])) return result;
  const direct = [env['no_proxy'] || env['NO_PROXY'], '127.0.0.1'].filter((name) => name).join(',');
  return { ...result, no_proxy: direct, NO_PROXY: direct };
}

/** Runs the program to its end; the signals that bearerd gets are handed on to it. */
function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  context: CliContext,
): Promise<number> {
  return new Promise((resolve) => {
    let child: ChildProcess | undefined;
    // before the program is there: whoever it tells that it is up may send a signal at once, which is not to end bearerd alone
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      context.onSignal(
        signal,
        () => {
          // Ctrl-C goes to everybody in the terminal's foreground: a second one would make many programs quit at once
          if (signal === 'SIGINT' && 'isTTY' in context.stdin && context.stdin.isTTY === true) return;
          child?.kill(signal);
        },
        'listen',
      );
    }
    child = spawn(program, args, { env: { ...env }, cwd: context.cwd, stdio: 'inherit' });
    child.once('error', (error) => resolve(refuse(context, `cannot start ${program}: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
  });
}
