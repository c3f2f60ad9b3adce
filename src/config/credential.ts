import { createHash } from 'node:crypto';
import type { Part } from './arrangement.ts';
import type { CredentialConfig } from './config.ts';
import { ownerOfPreset, presetName, presetOf, withPreset } from './credential-preset.ts';
import { expectationOf } from './expect-options.ts';
import { complain, join, type MapInput, type ParseContext } from './input.ts';
import { isLoopbackHost } from './listen-address.ts';
import { nearestName } from './nearest-name.ts';
import { originOf } from './option/group.ts';
import { valueAt } from './overlay.ts';
import type { ProviderDefinition, Usage } from './provider-definition.ts';
import { credential as commonKeys } from './schema.ts';
import { presetKey, providerKey } from './setting-names.ts';
import { invalid } from './shape.ts';

type Definition = ProviderDefinition<unknown>;

/** What the routes that use a credential say about it. */
export interface CredentialUsage extends Usage {
  /** A route that uses it has the preset collaborate. */
  readonly collaborate: boolean;
  /** Nothing about its routes is wrong, so that rules about them make sense. */
  readonly certain: boolean;
}

/** Reads one credential with the definition of its provider; undefined after a problem. */
export function readCredential(
  part: Part & { readonly name: string },
  usage: CredentialUsage,
  providers: readonly Definition[],
  context: ParseContext,
): CredentialConfig | undefined {
  const { at, input, name } = part;
  const definition = providerOf(part, usage, providers, context);
  if (definition === undefined) return undefined;
  const preset = presetOf(part, definition, providers, context);
  for (const [key, defaultText] of [[providerKey, definition.kind] as const, [presetKey, undefined] as const]) {
    const option = { secret: false, defaultText };
    context.seen?.push({ path: join(at, key), input: input.entries.get(key)?.value, option });
  }
  const { upstreams } = usage;
  const whole = preset === undefined ? input : withPreset(input, preset, { upstreams });
  const own = withoutForeignKeys(whole, at, definition, providers, context);
  const common = commonKeys.draft(only(input, commonNames), at, context);
  checkOneOf(own, at, definition, context);
  checkPlainHttp(own, at, context);
  checkPlainKeySet(input, at, context);
  const options = definition.schema.parse(own, at, context);
  if (options === invalid) return undefined;
  const lints = usage.certain
    ? [...(definition.lint?.(options, { upstreams }) ?? []), ...(preset?.lint(options) ?? [])]
    : [];
  for (const { path, problem, cure, severity } of lints) {
    const place = join(at, path);
    // Plain http may have been found already, by the look at what is written.
    if (context.problems.some((before) => before.path === place && before.severity === 'error')) continue;
    context.problems.push({ origin: originOf(input, path), path: place, problem, cure, severity });
  }
  const place = own.entries.has('tokenEndpoint') || own.entries.has('issuer') ? [] : upstreams;
  return {
    name,
    kind: definition.kind,
    preset: presetName(input),
    expect: expectationOf(common.expect),
    maxTokenRequests: common.maxTokenRequests,
    fingerprint: fingerprint(definition.kind, { options, ...common }, place),
    sharedName: definition.shareable ? fingerprint(definition.kind, withoutOwn(options), place) : undefined,
    insecureSkipVerify: warnIfUnverified(own, at, context),
    usesUp: definition.usesUp?.(options),
    enquiry: definition.enquiry?.(options, { upstreams }),
    create: (providerContext) => definition.create(options, providerContext),
  };
}

const commonNames = Object.keys(commonKeys.fields);

function only(map: MapInput, names: readonly string[]): MapInput {
  return { ...map, entries: new Map([...map.entries].filter(([key]) => names.includes(key))) };
}

function providerOf(
  { at, input }: Part,
  usage: CredentialUsage,
  providers: readonly Definition[],
  context: ParseContext,
): Definition | undefined {
  const written = input.entries.get(providerKey)?.value;
  const kind =
    written === undefined
      ? (ownerOfPreset(input, providers)?.kind ?? (usage.collaborate ? 'collaborate' : 'client-credentials'))
      : written.kind === 'scalar'
        ? String(written.value)
        : '';
  const found = providers.find((one) => one.kind === kind);
  if (found !== undefined) return found;
  const kinds = providers.map((one) => one.kind);
  const near = nearestName(kind, kinds);
  complain(
    context,
    written?.origin ?? input.origin,
    join(at, providerKey),
    `there is no provider '${kind}'`,
    near === undefined ? `write one of ${kinds.join(', ')}` : `did you mean '${near}'?`,
  );
  return undefined;
}

/** Keys that belong to no provider. */
const ownKeys: readonly string[] = [providerKey, presetKey, ...commonNames];

/** The keys that the provider's own shape shall see; for the others a problem that says whose they are. */
function withoutForeignKeys(
  input: MapInput,
  at: string,
  definition: Definition,
  providers: readonly Definition[],
  context: ParseContext,
): MapInput {
  const entries = new Map(input.entries);
  for (const name of ownKeys) entries.delete(name);
  const has = (one: Definition, key: string) => Object.hasOwn(one.schema.fields ?? {}, key);
  for (const [name, { key }] of input.entries) {
    if (ownKeys.includes(name) || has(definition, name) || definition.schema.unavailable.includes(name)) continue;
    const owner = providers.find((one) => has(one, name));
    if (owner === undefined) continue; // a typo: the shape knows the names that are near
    const problem = `is not a key of provider ${definition.kind}, but of ${owner.kind}`;
    complain(context, key, join(at, name), problem, `remove it, or write provider: ${owner.kind}`);
    entries.delete(name);
  }
  return { ...input, entries };
}

/** Looks at what is written, so that other mistakes do not hide what is missing. */
function checkOneOf(input: MapInput, at: string, definition: Definition, context: ParseContext): void {
  const { oneOf, schema } = definition;
  if (oneOf === undefined || oneOf.some((key) => input.entries.has(key))) return;
  const examples = oneOf.map((key) => `${key}: ${schema.fields?.[key]?.example ?? '…'}`);
  complain(context, input.origin, join(at, oneOf[0]), 'is missing', `write ${examples.join(', or ')}`);
}

/** A secret sent in the clear has to be asked for (RFC 6749 §3.2 demands TLS); looks at what is written, so that other mistakes do not hide it. */
function checkPlainHttp(input: MapInput, at: string, context: ParseContext): void {
  const endpoint = valueAt(input, ['tokenEndpoint']);
  const allowed = valueAt(input, ['insecureHttp']);
  if (endpoint?.kind !== 'scalar' || typeof endpoint.value !== 'string') return;
  if (!isPlainHttpBeyondLoopback(endpoint.value) || isTrue(allowed)) return;
  const problem = 'is plain http beyond loopback, so that the secret could be read on the way';
  complain(
    context,
    endpoint.origin,
    join(at, 'tokenEndpoint'),
    problem,
    'write https://, or insecureHttp: true beside it',
  );
}

/** Looks at what is written, because the options are the provider's own. @returns whether any certificate will do */
function warnIfUnverified(input: MapInput, at: string, context: ParseContext): boolean {
  const skip = valueAt(input, ['tls', 'insecureSkipVerify']);
  if (skip === undefined || !isTrue(skip)) return false;
  const endpoint = valueAt(input, ['tokenEndpoint']) ?? valueAt(input, ['issuer']);
  const url = endpoint?.kind === 'scalar' ? String(endpoint.value) : undefined;
  complain(context, skip.origin, join(at, 'tls.insecureSkipVerify'), ...unverified(url), 'warning');
  return true;
}

/** What is wrong with taking any certificate of a server, and what to write instead. */
export function unverified(url: string | undefined): [problem: string, cure: string] {
  const place = url !== undefined && URL.canParse(url) ? new URL(url).host : 'the token endpoint';
  return [
    `no certificate of ${place} is verified: whoever answers in its place gets what is sent`,
    'put the issuing CA into tls.ca and remove insecureSkipVerify',
  ];
}

/** Whoever can change the keys on the way decides what is said of a token. */
function checkPlainKeySet(input: MapInput, at: string, context: ParseContext): void {
  const written = valueAt(input, ['expect', 'jwks']);
  if (written?.kind !== 'scalar' || typeof written.value !== 'string') return;
  if (!isPlainHttpBeyondLoopback(written.value) || isTrue(valueAt(input, ['insecureHttp']))) return;
  const problem = 'is plain http beyond loopback, so that the keys could be changed on the way';
  complain(context, written.origin, join(at, 'expect.jwks'), problem, 'write https://');
}

/** `true` as written. */
export function isTrue(input: ReturnType<typeof valueAt>): boolean {
  return input?.kind === 'scalar' && (input.value === true || input.value === 'true');
}

/** Can be read by others on the network. */
export function isPlainHttpBeyondLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopbackHost(hostname);
}

function fingerprint(kind: string, options: unknown, upstreams: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([kind, canonical(options), upstreams]))
    .digest('hex');
}

/** Says who the client is or how long it waits, not what token it gets; the secret may be in a file here and in a variable there. */
const ownToProcess: readonly string[] = ['clientSecret', 'privateKey', 'secret', 'timeout', 'egressProxy'];

function withoutOwn(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return options;
  return Object.fromEntries(Object.entries(options).filter(([name]) => !ownToProcess.includes(name)));
}

/** Of a Secret, also one of another copy of this package; a group of options has no members but its own. */
function secretFingerprint(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('fingerprint' in value)) return undefined;
  if (Object.hasOwn(value, 'fingerprint')) return undefined;
  return typeof value.fingerprint === 'string' ? value.fingerprint : undefined;
}

/** Keys in order, secrets by their fingerprint. */
function canonical(value: unknown): unknown {
  const secret = secretFingerprint(value);
  if (secret !== undefined) return { secret };
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .map(([name, one]) => [name, canonical(one)])
    .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
}
