import {
  complain,
  type Input,
  join,
  type MapInput,
  mapInput,
  type Origin,
  type ParseContext,
  textInput,
} from './input.ts';
import { reportUnknownKeys } from './option/group.ts';
import { type Override, withValue } from './overlay.ts';
import { route, settings } from './schema.ts';

/** A group of keys and how messages call it (`routes[0]`; empty = its keys stand at the top). */
export interface Part {
  readonly at: string;
  readonly input: MapInput;
}

/** The configuration sorted into its parts, whichever form it was written in. */
export interface Arrangement {
  readonly top: MapInput;
  readonly routes: readonly Part[];
  readonly credentials: readonly (Part & { readonly name: string })[];
}

/** Name of a credential that was written inline or comes from the environment or flags alone. */
export const onlyCredential = 'default';

const topKeys = Object.keys(settings.fields);
/** In the short form a key that both have, `listen`, is the top level's. */
const routeKeys = new Set([...Object.keys(route.fields), ...route.unavailable].filter((key) => !topKeys.includes(key)));

function only(map: MapInput, wanted: (key: string) => boolean): MapInput {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => wanted(key))) };
}

function asPart(input: Input, at: string, context: ParseContext): Part | undefined {
  if (input.kind === 'map') return { at, input };
  complain(context, input.origin, at, 'has to be a group of keys', 'write its keys below it, one per line');
  return undefined;
}

/** Tells short form and `routes` apart and puts what environment and flags set into the one route and credential. */
export function arrange(root: MapInput, overrides: readonly Override[], context: ParseContext): Arrangement {
  const known = [...topKeys, 'routes', 'credentials', ...routeKeys];
  reportUnknownKeys(root, '', known, settings.unavailable, context);
  const written = root.entries.get('routes')?.value;
  const inline = root.entries.get('credential')?.value;
  const routes = written === undefined ? [shortForm(root)] : listed(root, written, context);
  const credentials = named(root, context);
  if (written === undefined && inline?.kind === 'map') {
    const both = root.entries.get('credentials');
    if (both !== undefined) {
      const problem = 'stands beside an inline credential';
      complain(context, both.key, 'credentials', problem, 'write credential: NAME, or remove credentials');
    }
    credentials.push({ name: onlyCredential, at: 'credential', input: inline });
  }
  const asked = overrides.some(({ setting }) => setting.scope === 'credential');
  const names = routes.some(({ input }) => input.entries.has('credential'));
  if (routes.length > 0 && !root.entries.has('credentials') && credentials.length === 0 && (asked || !names)) {
    const origin: Origin = root.origin;
    credentials.push({ name: onlyCredential, at: 'credential', input: mapInput({}, origin) });
  }
  let top = only(root, (key) => topKeys.includes(key));
  for (const { setting, value } of overrides) {
    if (setting.scope === 'top') {
      top = withValue(top, setting.path, value);
      continue;
    }
    const parts: Part[] = setting.scope === 'route' ? routes : credentials;
    const [part] = parts;
    if (part !== undefined && parts.length === 1) {
      parts[0] = { ...part, input: withValue(part.input, setting.path, value) };
    } else if (part !== undefined) {
      const problem = `there are ${parts.length} ${setting.scope}s, so it is not clear which one is meant`;
      complain(context, value.origin, setting.path.join('.'), problem, 'write it in the file');
    }
  }
  return { top, routes, credentials };
}

function shortForm(root: MapInput): Part {
  const input = only(root, (key) => routeKeys.has(key));
  const inline = root.entries.get('credential')?.value;
  if (inline?.kind !== 'map') return { at: '', input };
  return { at: '', input: withValue(input, ['credential'], textInput(onlyCredential, inline.origin)) };
}

function listed(root: MapInput, written: Input, context: ParseContext): Part[] {
  for (const [name, { key }] of root.entries) {
    if (!routeKeys.has(name)) continue;
    complain(
      context,
      key,
      name,
      'describes the only route, which cannot stand beside routes',
      `move ${name} into a route`,
    );
  }
  if (written.kind !== 'list' || written.items.length === 0) {
    const problem = written.kind === 'list' ? 'is empty' : 'has to be a list';
    complain(context, written.origin, 'routes', problem, 'write - upstream: https://api.example.com below it');
    return [];
  }
  return written.items
    .map((item, index) => asPart(item, `routes[${index}]`, context))
    .filter((part) => part !== undefined);
}

function named(root: MapInput, context: ParseContext): (Part & { name: string })[] {
  const input = root.entries.get('credentials')?.value;
  if (input === undefined) return [];
  if (input.kind !== 'map') {
    complain(context, input.origin, 'credentials', 'has to be names with keys', 'write NAME: and the keys below it');
    return [];
  }
  if (input.entries.size === 0) {
    complain(
      context,
      input.origin,
      'credentials',
      'is empty',
      'write NAME: and the keys below it, or remove credentials',
    );
  }
  const parts: (Part & { name: string })[] = [];
  for (const [name, { value }] of input.entries) {
    const part = asPart(value, join('credentials', name), context);
    if (part !== undefined) parts.push({ ...part, name });
  }
  return parts;
}
