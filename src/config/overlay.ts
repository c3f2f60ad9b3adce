import { complain, type Input, type MapInput, mapInput, type Origin, type ParseContext, textInput } from './input.ts';
import { nearestName } from './nearest-name.ts';
import type { Setting } from './setting-names.ts';

/** A value of the environment or of a flag, and the option it is for. */
export interface Override {
  readonly setting: Setting;
  readonly value: Input;
}

/** Variables that others make and that only look like ours: Kubernetes service links, and what `exec` and `run` use. */
const foreign = /^BEARERD_(CONFIG|URL(_.*)?|PORT(_.*)?|SERVICE_(HOST|PORT(_.*)?))$/;

/** What `BEARERD_…` sets; an empty variable counts as not set. Unknown names are warnings, because the environment is shared. */
export function fromEnvironment(settings: readonly Setting[], context: ParseContext): Override[] {
  const found: Override[] = [];
  const known = new Set<string>();
  for (const setting of settings) {
    const { variable, secret } = setting;
    const fileVariable = `${variable}_FILE`;
    known.add(variable);
    const text = context.env[variable];
    if (secret) {
      known.add(fileVariable);
      const path = context.env[fileVariable];
      if (text && path) {
        const problem = `is set, and so is ${variable}`;
        complain(
          context,
          { kind: 'environment', name: fileVariable },
          setting.path.join('.'),
          problem,
          'unset one of them',
        );
      }
      if (path) found.push({ setting, value: fileInput(path, { kind: 'environment', name: fileVariable }) });
    }
    if (text) found.push({ setting, value: textInput(text, { kind: 'environment', name: variable }) });
  }
  for (const [name, text] of Object.entries(context.env)) {
    if (!name.startsWith('BEARERD_') || known.has(name) || foreign.test(name) || !text) continue;
    const near = nearestName(name, known);
    context.problems.push({
      origin: { kind: 'environment', name },
      path: '',
      problem: 'is not a variable that bearerd knows',
      cure: near === undefined ? 'bearerd run --help lists them' : `did you mean ${near}?`,
      severity: 'warning',
    });
  }
  return found;
}

/** What flags set. Keys are names without hyphens in front; a secret itself is refused, its value never shown. */
export function fromFlags(
  settings: readonly Setting[],
  flags: Readonly<Record<string, string | boolean>>,
  context: ParseContext,
): Override[] {
  const found: Override[] = [];
  const known = new Map<string, (value: string | boolean, origin: Origin) => Override | undefined>();
  for (const setting of settings) {
    const { flag, secret, variable } = setting;
    known.set(flag, (value, origin) => {
      if (!secret) return { setting, value: flagInput(value, origin) };
      const problem = 'secrets are not taken from the command line, where every process can read them';
      complain(
        context,
        origin,
        setting.path.join('.'),
        problem,
        `use --${flag}-file PATH, ${variable} or ${variable}_FILE`,
      );
      return undefined;
    });
    if (secret) known.set(`${flag}-file`, (value, origin) => ({ setting, value: fileInput(String(value), origin) }));
  }
  for (const [name, value] of Object.entries(flags)) {
    const origin: Origin = { kind: 'flag', name: `--${name}` };
    const make = known.get(name);
    if (make === undefined) {
      const near = nearestName(name, known.keys());
      complain(
        context,
        origin,
        '',
        'is not a flag',
        near === undefined ? 'bearerd run --help lists them' : `did you mean --${near}?`,
      );
      continue;
    }
    const override = make(value, origin);
    if (override !== undefined) found.push(override);
  }
  return found;
}

function flagInput(value: string | boolean, origin: Origin): Input {
  return typeof value === 'string'
    ? textInput(value, origin)
    : { kind: 'scalar', origin, value, shown: String(value), loose: true };
}

function fileInput(path: string, origin: Origin): Input {
  return mapInput({ file: textInput(path, origin) }, origin);
}

/** A copy of the mapping with one value set; groups on the way are made. */
export function withValue(map: MapInput, path: readonly string[], value: Input): MapInput {
  const [name = '', ...rest] = path;
  const old = map.entries.get(name);
  const group = old?.value.kind === 'map' ? old.value : mapInput({}, value.origin);
  const next = rest.length === 0 ? value : withValue(group, rest, value);
  const entries = new Map(map.entries).set(name, { key: old?.key ?? value.origin, value: next });
  return { kind: 'map', origin: map.origin, entries };
}

/** The value at a path, or undefined. */
export function valueAt(map: MapInput, path: readonly string[]): Input | undefined {
  let at: Input | undefined = map;
  for (const name of path) at = at?.kind === 'map' ? at.entries.get(name)?.value : undefined;
  return at;
}
