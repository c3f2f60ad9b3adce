import type { Part } from './arrangement.ts';
import type { CredentialConfig } from './config.ts';
import { readCredential } from './credential.ts';
import type { ParseContext } from './input.ts';
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
    if (credential !== undefined) ready.push({ ...credential, files });
  }
  return ready;
}
