import { arrange } from './arrangement.ts';
import type { Config } from './config.ts';
import { ConfigurationError, inOrder } from './configuration-error.ts';
import { readDocument } from './document.ts';
import { findFile } from './find-file.ts';
import type { MapInput, ParseContext, Problem, SeenOption } from './input.ts';
import { objectInput } from './object-input.ts';
import { fromEnvironment, fromFlags } from './overlay.ts';
import type { ProviderDefinition } from './provider-definition.ts';
import { readCredentials } from './read-credentials.ts';
import { checkRouteAddresses, readRoutes } from './read-routes.ts';
import { readSettings } from './read-settings.ts';
import { allSettings, type Setting } from './setting-names.ts';

/** Everything that a configuration is made of. */
export interface Sources {
  /** `--config`; undefined = look in the usual places. */
  readonly file?: string | undefined;
  /** In place of a file. */
  readonly object?: Readonly<Record<string, unknown>> | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Flags by their name without hyphens in front. */
  readonly flags: Readonly<Record<string, string | boolean>>;
  readonly cwd: string;
  readonly home: string | undefined;
  readonly providers: readonly ProviderDefinition<unknown>[];
}

/** A configuration that can be used. */
export interface Loaded {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  /** The file that was read, as messages name it; undefined = none. */
  readonly file: string | undefined;
  /** The files that it depends on, absolute and as written (links not followed): configuration, secrets, certificates. */
  readonly files: readonly string[];
  /** Every option with what is written for it. */
  readonly seen: readonly SeenOption[];
}

/**
 * Puts flags over environment over file over defaults and checks the whole.
 * @throws ConfigurationError with every problem there is.
 */
export function loadConfig(sources: Sources): Loaded {
  const { env, cwd, home, providers } = sources;
  const files: string[] = [];
  const seen: SeenOption[] = [];
  const context: ParseContext = { env, cwd, problems: [], files, seen };
  const settings = allSettings(providers);
  const found = sources.object === undefined ? findFile(sources.file, home, context) : undefined;
  // Without a readable file the rest would only complain about what the file says.
  if (context.problems.length > 0) throw new ConfigurationError(context.problems, files);
  const empty: MapInput = { kind: 'map', origin: { kind: 'none' }, entries: new Map() };
  const object = sources.object === undefined ? empty : objectInput(sources.object, context);
  const root = found === undefined ? object : readDocument(found.text, found.name, context);
  const overrides = [...fromEnvironment(settings, context), ...fromFlags(settings, sources.flags, context)];
  if (root === undefined) throw new ConfigurationError(inOrder(context.problems), files);

  const { top, routes, credentials } = arrange(root, overrides, context);
  const general = readSettings(top, context);
  const readable = readRoutes(routes, credentials, general.listen ?? [], context);
  checkRouteAddresses(top, general.listen ?? [], readable, context);
  const ready = readCredentials(credentials, readable, providers, context);
  const problems = inOrder(context.problems.map((problem) => withNames(problem, settings)));
  if (problems.some(({ severity }) => severity === 'error')) throw new ConfigurationError(problems, files);
  // No problem was added, so that every part is complete.
  const config = { ...general, routes: readable.map(({ config }) => config), credentials: ready } as Config;
  return { config, warnings: problems, file: found?.name, files: [...new Set(files)], seen };
}

/** Where there is no file, the cure of a missing option names its flag and variable. */
function withNames(problem: Problem, settings: readonly Setting[]): Problem {
  if (problem.origin.kind !== 'none') return problem;
  const setting = settings.find(({ scope, path }) => {
    return (scope === 'credential' ? `credential.${path.join('.')}` : path.join('.')) === problem.path;
  });
  if (setting === undefined) return problem;
  const flag = setting.secret ? `--${setting.flag}-file PATH` : `--${setting.flag} ${setting.example ?? setting.type}`;
  return { ...problem, cure: `use ${flag}, or ${setting.variable}, or a configuration file` };
}
