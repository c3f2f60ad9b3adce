import type { Part } from './arrangement.ts';
import { complain, join, type MapInput, type ParseContext, textInput } from './input.ts';
import { nearestName } from './nearest-name.ts';
import { withValue } from './overlay.ts';
import type { CredentialPreset, ProviderDefinition, Usage } from './provider-definition.ts';
import { presetKey } from './setting-names.ts';

type Definition = ProviderDefinition<unknown>;

/** The provider that has the preset a credential names; undefined where it names none, or one that nobody has. */
export function ownerOfPreset(input: MapInput, providers: readonly Definition[]): Definition | undefined {
  const name = presetName(input);
  return name === undefined ? undefined : providers.find(({ presets }) => Object.hasOwn(presets ?? {}, name));
}

/** The preset that a credential names; a problem where its provider does not have it. */
export function presetOf(
  { at, input }: Part,
  definition: Definition,
  providers: readonly Definition[],
  context: ParseContext,
): CredentialPreset<unknown> | undefined {
  const name = presetName(input);
  if (name === undefined) return undefined;
  const own = definition.presets ?? {};
  if (Object.hasOwn(own, name)) return own[name];
  const owner = ownerOfPreset(input, providers);
  const all = providers.flatMap(({ presets }) => Object.keys(presets ?? {}));
  const near = nearestName(name, all);
  const written = input.entries.get(presetKey);
  complain(
    context,
    written?.value.origin ?? input.origin,
    join(at, presetKey),
    owner === undefined ? `there is no preset '${name}' for credentials` : `'${name}' is for provider ${owner.kind}`,
    owner !== undefined
      ? `remove it, or write provider: ${owner.kind}`
      : near === undefined
        ? `write one of ${all.join(', ')}`
        : `did you mean '${near}'?`,
  );
  return undefined;
}

/** Adds the preset's values for keys that are not written. */
export function withPreset(input: MapInput, preset: CredentialPreset<unknown>, usage: Usage): MapInput {
  const origin = { kind: 'preset', name: presetName(input) ?? '' } as const;
  let result = input;
  for (const [key, text] of Object.entries(preset.defaults(usage))) {
    if (!input.entries.has(key)) result = withValue(result, [key], textInput(text, origin));
  }
  return result;
}

/** What a credential writes as its preset. */
export function presetName(input: MapInput): string | undefined {
  const written = input.entries.get(presetKey)?.value;
  if (written === undefined) return undefined;
  return written.kind === 'scalar' ? String(written.value) : '';
}
