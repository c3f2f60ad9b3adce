import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { ConfigurationError } from '../config/configuration-error.ts';
import { formatProblem, type Problem } from '../config/input.ts';
import { loadConfig } from '../config/load.ts';
import { providers } from '../provider/index.ts';
import type { CommandLine } from './command-line.ts';
import type { CliContext, Command } from './context.ts';
import { type Dialogue, hasTerminal, openDialogue } from './dialogue.ts';
import { invocation } from './invocation.ts';
import { type StarterFacts, type StarterSecret, starterFile } from './starter-file.ts';

/**
 * `bearerd init`: writes a commented configuration for one API, from flags and, on a terminal, from answers. Mode 0600
 * where it holds a secret; a file that is there is never overwritten.
 * @returns 0, or 2 when nothing was written
 */
export const init: Command = async (context) => {
  const line = invocation('init', context);
  if (typeof line === 'number') return line;
  const file = typeof line.options['output'] === 'string' ? line.options['output'] : 'bearerd.yaml';
  const target = resolve(context.cwd, file);
  if (existsSync(target)) return refuse(context, `${file} exists already; write --output and another name`);
  const facts = await gather(file, line, context);
  if (facts === undefined) return 2;
  const holdsSecret = facts.secret.kind === 'value';
  try {
    writeFileSync(target, starterFile(facts), { flag: 'wx', mode: holdsSecret ? 0o600 : 0o644 });
  } catch (error) {
    return refuse(context, `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const problems = problemsOf(file, context);
  const later = problems.filter((problem) => isMissingSecret(problem, facts));
  if (later.length < problems.length) {
    rmSync(target);
    for (const problem of problems) context.stderr.write(`${formatProblem(problem)}\n`);
    return refuse(context, 'nothing was written, because the configuration would have these mistakes');
  }
  context.stdout.write(`${file} is written${holdsSecret ? '; it holds a secret, so only you can read it' : ''}\n`);
  for (const problem of later) context.stderr.write(`still to do: ${problem.problem}; write the secret there\n`);
  context.stderr.write(`next: bearerd check --config ${file} --online\n`);
  return 0;
};

function refuse({ stderr }: CliContext, problem: string): 2 {
  stderr.write(`bearerd init: ${problem}\n`);
  return 2;
}

/** Takes what the flags say and asks for the rest; undefined after a problem has been told. */
async function gather(file: string, { flags }: CommandLine, context: CliContext): Promise<StarterFacts | undefined> {
  const flag = (name: string): string | undefined => (typeof flags[name] === 'string' ? flags[name] : undefined);
  const asks = hasTerminal(context);
  const preset = flag('preset') ?? (asks ? undefined : flag('key') === undefined ? 'none' : 'collaborate');
  if (preset !== undefined && !isPreset(preset)) {
    refuse(context, `--preset has to be one of ${presets.join(', ')}`);
    return undefined;
  }
  if (!asks) {
    const needed = neededFlags(preset ?? 'none').filter((name) => flag(name) === undefined);
    if (needed.length > 0) {
      refuse(context, `without a terminal it needs ${needed.map((name) => `--${name}`).join(', ')}`);
      return undefined;
    }
  }
  const secretPath = flag('client-secret-file') ?? flag('secret-file');
  const known = {
    preset,
    upstream: flag('upstream'),
    tokenEndpoint: flag('token-endpoint'),
    id: flag('client-id') ?? flag('key'),
    secret: secretPath === undefined ? undefined : secretFile(secretPath, file, context.cwd),
  };
  const dialogue = asks ? openDialogue(context) : undefined;
  try {
    return { file, ...(await answered(known, file, dialogue, context.cwd)) };
  } catch (error) {
    refuse(context, error instanceof Error ? error.message : String(error));
    return undefined;
  } finally {
    dialogue?.close();
  }
}

type Known = { readonly [K in keyof Omit<StarterFacts, 'file'>]: StarterFacts[K] | undefined };

/** Asks for what is not known; without a dialogue everything needed is known. */
async function answered(
  known: Known,
  file: string,
  dialogue: Dialogue | undefined,
  cwd: string,
): Promise<Omit<StarterFacts, 'file'>> {
  const ask: Dialogue['ask'] = dialogue?.ask ?? (async ({ words }) => Promise.reject(new Error(`${words} is missing`)));
  const chosen =
    known.preset ??
    (await ask({
      words: 'What is the API (collibra, collaborate, none = another one)',
      fallback: 'collibra',
      complaint: notPreset,
    }));
  const preset = isPreset(chosen) ? chosen : 'none';
  const isCollaborate = preset === 'collaborate';
  const example = { collibra: 'https://acme.collibra.com', collaborate: '', none: '' }[preset];
  const upstream =
    known.upstream ??
    (await ask({
      words: `URL of the API${example === '' ? '' : `, for example ${example}`}`,
      complaint: notUrl,
      ...(isCollaborate ? { fallback: 'https://us.bbcollab.com/collab/api/csa' } : {}),
    }));
  const tokenEndpoint =
    known.tokenEndpoint ??
    (isCollaborate ? undefined : await ask({ words: 'Token endpoint of the identity provider', complaint: notUrl }));
  const id = known.id ?? (await ask({ words: isCollaborate ? 'REST key' : 'Client id' }));
  return { preset, upstream, tokenEndpoint, id, secret: known.secret ?? (await askSecret()) };

  async function askSecret(): Promise<StarterSecret> {
    const what = isCollaborate ? 'REST secret' : 'client secret';
    const path = await ask({ words: `File with the ${what} (empty: type the secret)`, fallback: '' });
    if (path !== '') return secretFile(path, file, cwd);
    return { kind: 'value', value: await ask({ words: what, hidden: true }) };
  }
}

const presets = ['collibra', 'collaborate', 'none'] as const;

function isPreset(text: string): text is StarterFacts['preset'] {
  return presets.some((preset) => preset === text);
}

function notPreset(text: string): string | undefined {
  return isPreset(text) ? undefined : `write one of ${presets.join(', ')}`;
}

function notUrl(text: string): string | undefined {
  return URL.canParse(text) && /^https?:/.test(text) ? undefined : 'write an absolute URL, https://…';
}

function neededFlags(preset: StarterFacts['preset']): readonly string[] {
  return preset === 'collaborate'
    ? ['upstream', 'key', 'secret-file']
    : ['upstream', 'token-endpoint', 'client-id', 'client-secret-file'];
}

/** In the file a relative path counts from the file's folder, on the command line from the working directory. */
function secretFile(path: string, file: string, cwd: string): StarterSecret {
  if (isAbsolute(path)) return { kind: 'file', path };
  const fromFile = relative(dirname(resolve(cwd, file)), resolve(cwd, path));
  return { kind: 'file', path: fromFile.startsWith('.') ? fromFile : `./${fromFile}` };
}

/** What `bearerd check` would say, in an environment without variables. */
function problemsOf(file: string, { cwd }: CliContext): readonly Problem[] {
  try {
    loadConfig({ file, env: {}, flags: {}, cwd, home: undefined, providers });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.filter(({ severity }) => severity === 'error');
  }
}

/** The secret may be written later: it is the person's next step, not a mistake. */
function isMissingSecret({ path, problem }: Problem, { secret }: StarterFacts): boolean {
  return secret.kind === 'file' && /secret$/i.test(path) && problem.endsWith('does not exist');
}
