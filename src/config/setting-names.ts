import { oneOf } from './option/choice.ts';
import type { ProviderDefinition } from './provider-definition.ts';
import { credential, route, settings } from './schema.ts';
import type { Fields, Shape } from './shape.ts';

/** An option that has a variable and a flag: every one that can be written as one string. */
export interface Setting {
  /** Which part of the configuration it belongs to; route and credential mean the only one. */
  readonly scope: 'top' | 'route' | 'credential';
  readonly path: readonly string[];
  /** `BEARERD_TIMEOUTS_CONNECT`; a secret also has `…_FILE`. */
  readonly variable: string;
  /** `timeouts-connect`, without the hyphens in front; a secret has only `…-file`. */
  readonly flag: string;
  readonly doc: string;
  readonly type: string;
  /** Type of the items of a list; undefined = not a list. */
  readonly item: string | undefined;
  readonly defaultText: string | undefined;
  readonly example: string | undefined;
  readonly secret: boolean;
  readonly boolean: boolean;
}

/** The name of `provider` and its choices, which belong to no provider. */
export const providerKey = 'provider';

/** The name of the option that names a kind of identity provider. */
export const presetKey = 'preset';

function words(path: readonly string[]): string[] {
  return path.flatMap((name) =>
    name
      .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .split(' '),
  );
}

function walk(
  fields: Fields,
  path: readonly string[],
  visit: (path: readonly string[], shape: Shape<unknown>) => void,
): void {
  for (const [name, shape] of Object.entries(fields)) {
    if (shape.fields !== undefined) walk(shape.fields, [...path, name], visit);
    else if (shape.textual) visit([...path, name], shape);
  }
}

/** Every option that can come from the environment or a flag, in the order of the reference. */
export function allSettings(providers: readonly ProviderDefinition<unknown>[]): readonly Setting[] {
  const found = new Map<string, Setting>();
  const add = (scope: Setting['scope'], path: readonly string[], shape: Shape<unknown>): void => {
    // Where route and credential both have a key, the short name is the route's (interface 3).
    const clash = scope === 'credential' && Object.hasOwn(route.fields, path[0] ?? '');
    const name = words(clash ? ['credential', ...path] : path);
    const flag = name.join('-');
    const { doc, type, defaultText, example } = shape;
    const before = found.get(flag);
    const secret = shape.secret || (before?.secret ?? false);
    const variable = `BEARERD_${name.join('_').toUpperCase()}`;
    const item = type.startsWith('list of ') ? shape.item?.type : undefined;
    const setting = {
      scope,
      path,
      variable,
      flag,
      doc,
      type,
      item,
      defaultText,
      example,
      secret,
      boolean: shape.boolean,
    };
    found.set(flag, before === undefined ? setting : { ...before, secret });
  };
  walk(settings.fields, [], (path, shape) => add('top', path, shape));
  walk(route.fields, [], (path, shape) => add('route', path, shape));
  found.set(providerKey, {
    scope: 'credential',
    path: [providerKey],
    variable: 'BEARERD_PROVIDER',
    flag: providerKey,
    doc: 'How tokens are got; by default collaborate under preset collaborate, else client-credentials.',
    type: providers.map(({ kind }) => kind).join(' | '),
    item: undefined,
    defaultText: undefined,
    example: undefined,
    secret: false,
    boolean: false,
  });
  const presets = providers.flatMap((provider) => Object.keys(provider.presets ?? {}));
  add('credential', [presetKey], oneOf(presets, { doc: 'The kind of identity provider: defaults and checks for it.' }));
  walk(credential.fields, [], (path, shape) => add('credential', path, shape));
  for (const { schema } of providers) {
    if (schema.fields !== undefined) walk(schema.fields, [], (path, shape) => add('credential', path, shape));
  }
  return [...found.values()];
}
