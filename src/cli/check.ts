import type { Config } from '../config/config.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem, type Problem } from '../config/input.ts';
import { describeAddress } from '../config/listen-address.ts';
import type { Loaded } from '../config/load.ts';
import { viewLines } from '../token/token-view.ts';
import { problemFacts, readConfiguration } from './configuration.ts';
import type { Command } from './context.ts';
import { quietLog } from './credentials.ts';
import { invocation } from './invocation.ts';
import { checkOnline, type OnlineFindings } from './online-check.ts';

/**
 * `bearerd check`: prints every problem, or that there is none and what the configuration does. With --online also what
 * came of a token request per credential and of each route's probe request.
 * @returns 0, 1 when something online failed, 2 for a wrong configuration
 */
export const check: Command = async (context) => {
  const line = invocation('check', context);
  if (typeof line === 'number') return line;
  const { options } = line;
  const result = readConfiguration(context, line);
  const write = (text: string) => context.stdout.write(`${text}\n`);
  const found = result instanceof ConfigurationError ? result.problems : result.warnings;
  const online =
    options['online'] === true && !(result instanceof ConfigurationError)
      ? await checkOnline(result.config, await quietLog(result.config, line, context))
      : undefined;
  if (options['json'] === true) write(JSON.stringify({ ...facts(result, found), ...online }, null, 2));
  else {
    for (const problem of found) write(`${problem.severity === 'warning' ? 'warning: ' : ''}${formatProblem(problem)}`);
    if (result instanceof ConfigurationError) {
      const count = found.filter(({ severity }) => severity === 'error').length;
      context.stderr.write(`${count} ${count === 1 ? 'problem' : 'problems'}\n`);
    } else for (const text of [...summary(result), ...onlineLines(online)]) write(text);
  }
  if (result instanceof ConfigurationError) return 2;
  return online === undefined || [...online.tokens, ...online.probes].every(({ ok }) => ok) ? 0 : 1;
};

function onlineLines(online: OnlineFindings | undefined): string[] {
  if (online === undefined) return [];
  const tokens = online.tokens.flatMap(({ credential, tookMs, problem, action, expiresAt, token, findings = [] }) => {
    if (token === undefined) return [`credential ${credential}: no token: ${problem}`, `  ${action}`];
    const until = expiresAt === undefined ? 'never expires' : `good until ${expiresAt}`;
    return [
      `credential ${credential}: a token in ${tookMs} ms, ${until}`,
      ...viewLines(token).flatMap(indented),
      ...findings.flatMap(({ sentence, cure, certainty }) => [
        `  ${certainty === 'certain' ? '' : 'perhaps: '}${sentence}`,
        `    ${cure}`,
      ]),
    ];
  });
  const probes = online.probes.flatMap(({ route, request, status, meaning, action }) => [
    `route ${route}: ${[request, status].filter((one) => one !== undefined).join(' → ')}${request === undefined ? '' : ': '}${meaning}`,
    ...(action === undefined ? [] : [`  ${action}`]),
  ]);
  return [...tokens, ...probes];
}

function indented(text: string): string[] {
  return text.split('\n').map((one) => `  ${one}`);
}

function adminAddress({ admin }: Config): string {
  return admin === 'off' ? 'off' : describeAddress(admin);
}

function summary({ config, file }: Loaded): string[] {
  const kinds = new Map(config.credentials.map(({ name, kind }) => [name, kind]));
  return [
    `configuration is valid${file === undefined ? '' : ` (${file})`}`,
    `listens on ${config.listen.map((one) => describeAddress(one) + (one.tls === undefined ? '' : ' (TLS)')).join(', ')}; admin: ${adminAddress(config)}`,
    ...config.routes.map(
      ({ path, upstream, preset, credential }) =>
        `${path} → ${upstream} (preset ${preset}, credential ${credential}: ${kinds.get(credential) ?? ''})`,
    ),
  ];
}

function facts(result: Loaded | ConfigurationError, problems: readonly Problem[]): object {
  const described = problemFacts(problems);
  if (result instanceof ConfigurationError) return { valid: false, problems: described };
  const { config, file } = result;
  return {
    valid: true,
    file,
    problems: described,
    listen: config.listen.map(describeAddress),
    admin: adminAddress(config),
    routes: config.routes.map(({ name, path, upstream, preset, credential }) => ({
      name,
      path,
      upstream,
      preset,
      credential,
    })),
    credentials: config.credentials.map(({ name, kind }) => ({ name, provider: kind })),
  };
}
