import { dirname, resolve } from 'node:path';

/** Where a value was written. `file` is the name as the user gave it; lines and columns count from 1. */
export type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag'; readonly name: string }
  | { readonly kind: 'preset'; readonly name: string }
  | { readonly kind: 'object' }
  | { readonly kind: 'none' };

/** One value: a leaf of the configuration as it was written. */
export interface ScalarInput {
  readonly kind: 'scalar';
  readonly origin: Origin;
  readonly value: string | number | boolean | null;
  /** What a message may show: the text as written, before `${NAME}` was replaced. */
  readonly shown: string;
  /** It came as text (environment, flag, `${NAME}`), so `"8080"` may stand for a number. */
  readonly loose: boolean;
}

/** A sequence, in the order written. */
export interface ListInput {
  readonly kind: 'list';
  readonly origin: Origin;
  readonly items: readonly Input[];
}

/** A mapping; a key occurs once. */
export interface MapInput {
  readonly kind: 'map';
  readonly origin: Origin;
  readonly entries: ReadonlyMap<string, { readonly key: Origin; readonly value: Input }>;
}

/** A node of the configuration before it has a meaning: the same for YAML, JSON, environment and flags. */
export type Input = ScalarInput | ListInput | MapInput;

/** Something wrong in the configuration: where, what, and what to write instead. */
export interface Problem {
  readonly origin: Origin;
  /** The key with its parents, for example `routes[1].credential`; empty for the whole document. */
  readonly path: string;
  readonly problem: string;
  readonly cure: string;
  readonly severity: 'error' | 'warning';
}

/** What reading a configuration may look at; nothing here is the process itself. */
export interface ParseContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Grows; the caller decides what an error or a warning leads to. */
  readonly problems: Problem[];
  /** Grows: the files that the configuration depends on, absolute, also those that could not be read; undefined = nobody asks. */
  readonly files?: string[];
  /** Grows: every option that was looked at, written or not; undefined = nobody asks. */
  readonly seen?: SeenOption[];
}

/** An option and what was written for it. */
export interface SeenOption {
  readonly path: string;
  /** What is in force, with the preset's values; undefined = nothing is written. */
  readonly input: Input | undefined;
  readonly option: { readonly secret: boolean; readonly defaultText: string | undefined };
}

/** Adds an error. */
export function complain(
  context: ParseContext,
  origin: Origin,
  path: string,
  problem: string,
  cure: string,
  severity: Problem['severity'] = 'error',
): void {
  context.problems.push({ origin, path, problem, cure, severity });
}

/** A scalar that came as text. */
export function textInput(value: string, origin: Origin): ScalarInput {
  return { kind: 'scalar', origin, value, shown: value, loose: true };
}

/** A mapping whose keys and values share one origin. */
export function mapInput(values: Readonly<Record<string, Input>>, origin: Origin): MapInput {
  return {
    kind: 'map',
    origin,
    entries: new Map(Object.entries(values).map(([name, value]) => [name, { key: origin, value }])),
  };
}

/** `parent.key`, and the key alone at the top. */
export function join(parent: string, key: string): string {
  return parent === '' ? key : `${parent}.${key}`;
}

/** A relative path in a file counts from that file's folder, anywhere else from the working directory. */
export function resolvePath(path: string, origin: Origin, cwd: string): string {
  return origin.kind === 'file' ? resolve(cwd, dirname(origin.file), path) : resolve(cwd, path);
}

/** resolvePath, for a file whose content is part of the configuration: a change of it is a reason to read everything again. */
export function dependsOn(path: string, origin: Origin, context: ParseContext): string {
  const file = resolvePath(path, origin, context.cwd);
  context.files?.push(file);
  return file;
}

/** `file:line:column`, or the name of the variable or flag. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}`;
    case 'environment':
    case 'flag':
      return origin.name;
    case 'preset':
      return `preset ${origin.name}`;
    case 'object':
    case 'none':
      return 'configuration';
  }
}

/** One line: `file:line:column: path: what is wrong; what to write`. */
export function formatProblem({ origin, path, problem, cure }: Problem): string {
  return `${describeOrigin(origin)}: ${path === '' ? '' : `${path}: `}${problem}; ${cure}`;
}
