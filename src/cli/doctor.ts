import { Tally } from '../admin/tally.ts';
import { buildRoutes } from '../app/routes.ts';
import { systemClock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem } from '../config/input.ts';
import type { Loaded } from '../config/load.ts';
import { nearestName } from '../config/nearest-name.ts';
import { rememberSecret } from '../config/redaction.ts';
import type { Examination } from '../doctor/examination.ts';
import { examinePasted } from '../doctor/examine-pasted.ts';
import { examineRoute, type Patient, profileOf } from '../doctor/examine-route.ts';
import { byLikelihood } from '../doctor/finding.ts';
import { systemResolve } from '../doctor/name-resolution.ts';
import type { RouteReport } from '../doctor/route-report.ts';
import type { BatchedLog } from '../log.ts';
import { problemFacts, readConfiguration, writeProblems } from './configuration.ts';
import type { CliContext, Command } from './context.ts';
import { quietLog, withCredentials } from './credentials.ts';
import { reportText } from './doctor-report.ts';
import { invocation } from './invocation.ts';
import { pastedToken } from './pasted-token.ts';
import { patientOf } from './patient.ts';

/**
 * `bearerd doctor [ROUTE]`: asks everything that a person would ask about a route (all routes without a name) and orders
 * what is wrong by likelihood; with --token-stdin about a token that was pasted.
 * @returns 0 nothing found, 1 findings, 2 usage or configuration
 */
export const doctor: Command = async (context) => {
  const line = invocation('doctor', context);
  if (typeof line === 'number') return line;
  const asJson = line.options['json'] === true;
  const write = (text: string) => context.stdout.write(`${text}\n`);
  const pasted = line.options['token-stdin'] === true ? await pastedToken(context) : undefined;
  if (pasted === '') return refuse(context, 'there is no token on standard input; paste one, or pipe it');
  if (pasted !== undefined) rememberSecret(pasted);
  const loaded = readConfiguration(context, line);
  if (loaded instanceof ConfigurationError && !(pasted !== undefined && nothingWritten(loaded))) {
    if (asJson) write(JSON.stringify({ valid: false, problems: problemFacts(loaded.problems) }, null, 2));
    else writeProblems(loaded.problems, context.stderr);
    return 2;
  }
  const reports =
    loaded instanceof ConfigurationError
      ? [await examinePasted(pasted ?? '', { profile: 'generic' }, systemClock)]
      : await examineAll(loaded, line.operands[0], pasted, await quietLog(loaded.config, line, context));
  if (typeof reports === 'string') return refuse(context, reports);
  const findings = byLikelihood(
    reports.flatMap(({ route, findings }) => findings.map((finding) => ({ route, ...finding }))),
  );
  write(
    asJson
      ? JSON.stringify({ valid: true, ok: findings.length === 0, findings, routes: reports }, null, 2)
      : reportText(reports, context.isTerminal),
  );
  return findings.length === 0 ? 0 : 1;
};

function refuse({ stderr }: CliContext, problem: string): 2 {
  stderr.write(`bearerd doctor: ${problem}\n`);
  return 2;
}

/** No file, no variable, no flag says anything about a route. */
function nothingWritten({ problems }: ConfigurationError): boolean {
  return problems.every(({ origin }) => origin.kind === 'none');
}

/** The reports of the chosen routes, or what is wrong with the choice. */
async function examineAll(
  loaded: Loaded,
  wish: string | undefined,
  pasted: string | undefined,
  log: BatchedLog,
): Promise<readonly RouteReport[] | string> {
  const { config } = loaded;
  const chosen = config.routes.filter(({ name }) => wish === undefined || name === wish);
  if (chosen.length === 0) return noRoute(wish ?? '', config);
  return withCredentials(config, log, false, async (credentials) => {
    const { served, pools } = buildRoutes(config, credentials, parts(log), new Map());
    const built = [...served.values()].flatMap(({ table }) => table.routes);
    const reports: RouteReport[] = [];
    try {
      // One after the other, so that routes with one credential share its token.
      for (const route of chosen) {
        const patient = patientOf(route, config, credentials, built);
        const report =
          pasted === undefined
            ? await examineRoute(patient, { clock: systemClock, log, resolve: systemResolve })
            : await examinePasted(pasted, { ...patient, profile: profileOf(route) }, systemClock);
        reports.push({ ...report, examinations: [configured(loaded, patient), ...report.examinations] });
      }
      return reports;
    } finally {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    }
  });
}

function parts(log: BatchedLog): Parameters<typeof buildRoutes>[2] {
  return { clock: systemClock, log, tally: new Tally(systemClock.nowMs()), viaName: 'bearerd-doctor' };
}

function configured({ file, warnings }: Loaded, { route, credential }: Patient): Examination {
  const { path, upstream, preset } = route;
  const from = file === undefined ? 'no file' : file;
  return {
    question: 'configuration',
    state: 'good',
    lines: [
      `valid (${from})`,
      `${path} → ${upstream} (preset ${preset}, credential ${credential.name}: ${credential.kind})`,
      ...warnings.map((warning) => `warning: ${formatProblem(warning)}`),
    ],
    findings: [],
  };
}

function noRoute(wish: string, { routes }: Config): string {
  const names = routes.map(({ name }) => name);
  const near = nearestName(wish, names);
  return `there is no route '${wish}'; ${near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`}`;
}
