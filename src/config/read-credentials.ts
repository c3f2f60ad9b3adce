import type { Part } from './arrangement.ts';
import type { CredentialConfig } from './config.ts';
import { readCredential } from './credential.ts';
import { complain, join, type ParseContext } from './input.ts';
import { originOf } from './option/group.ts';
import type { ProviderDefinition } from './provider-definition.ts';
import type { ReadRoute } from './read-routes.ts';

/** Reads all credentials in the light of the routes that use them; one that nobody uses is a warning. */
export function readCredentials(
  parts: readonly (Part & { readonly name: string })[],
  routes: readonly ReadRoute[],
  providers: readonly ProviderDefinition<unknown>[],
  context: ParseContext,
): readonly CredentialConfig[] {
  const ready: CredentialConfig[] = [];
  for (const part of parts) {
    const users = routes.filter(({ credential }) => credential === part.name);
    const upstreams = new Set(users.map(({ config }) => config.upstream).filter((upstream) => upstream !== undefined));
    const certain = users.length > 0 && users.every(({ draft }) => draft.upstream !== undefined);
    const collaborate = users.some(({ draft }) => draft.preset === 'collaborate');
    // With a route whose credential could not be told, this may be the one it means.
    if (users.length === 0 && routes.every(({ credential }) => credential !== undefined)) {
      const problem = 'is used by no route';
      const cure = 'name it in a route, or remove it';
      context.problems.push({ origin: part.input.origin, path: part.at, problem, cure, severity: 'warning' });
    }
    const files: string[] = [];
    const usage = { upstreams: [...upstreams], collaborate, certain };
    const credential = readCredential(part, usage, providers, { ...context, files });
    context.files?.push(...files);
    if (credential === undefined) continue;
    warnIfUsedUpByAnother(part, credential, ready, context);
    ready.push({ ...credential, files });
  }
  return ready;
}

/** Two that ask the same question share one token, and nothing is used up twice. */
function warnIfUsedUpByAnother(
  { at, input }: Part,
  { usesUp, fingerprint }: CredentialConfig,
  before: readonly CredentialConfig[],
  context: ParseContext,
): void {
  if (usesUp === undefined) return;
  const { path, secret } = usesUp;
  const other = before.find(
    (one) => one.usesUp?.secret.fingerprint === secret.fingerprint && one.fingerprint !== fingerprint,
  );
  if (other === undefined) return;
  const problem = `the ${secret.description} is also that of credential '${other.name}': each token request of one replaces what the other uses`;
  const cure = 'give each credential a refresh token and a file of its own, or let the routes share one credential';
  complain(context, originOf(input, path), join(at, path), problem, cure, 'warning');
}
