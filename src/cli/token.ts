import type { Credential } from '../app/credentials.ts';
import { nearestName } from '../config/nearest-name.ts';
import type { HeldToken } from '../token/held-token.ts';
import type { KeyEvidence } from '../token/key-evidence.ts';
import { TokenRequestError } from '../token/provider.ts';
import { viewLines, viewOf } from '../token/token-view.ts';
import { configurationFor } from './configuration.ts';
import type { CliContext, Command } from './context.ts';
import { quietLog, withCredentials } from './credentials.ts';
import { invocation } from './invocation.ts';

const forms = ['raw', 'decode', 'header', 'json'] as const;
type Form = (typeof forms)[number];

/** Milliseconds that a person at a terminal waits for the issuer's keys. */
const patienceMs = 6000;

/**
 * `bearerd token [CREDENTIAL] [--raw|--decode|--header|--json]`: a token for tools that cannot be proxied. On a terminal
 * its sections are shown unless --raw, so that a credential is not left on the screen.
 * @returns 0, 1 when there is no token, 2 usage or configuration
 */
export const token: Command = async (context) => {
  const line = invocation('token', context);
  if (typeof line === 'number') return line;
  const asked = forms.filter((form) => line.options[form] === true);
  if (asked.length > 1) return refuse(context, `--${asked.join(' and --')} exclude each other`);
  const loaded = configurationFor(context, line);
  if (loaded === undefined) return 2;
  const { config } = loaded;
  const form = asked[0] ?? (context.isTerminal ? 'decode' : 'raw');
  return withCredentials(config, await quietLog(config, line, context), true, async (credentials) => {
    const found = chosen(line.operands[0], credentials);
    if (typeof found === 'string') return refuse(context, found);
    const [name, { source, subjects, keys }] = found;
    if (subjects !== undefined) return refuse(context, `each caller of ${name} has a token of its own`);
    try {
      const held = await source.get(true);
      const shown = form === 'decode' || form === 'json';
      const evidence = shown ? await keys?.examine(held.token.value, patienceMs) : undefined;
      context.stdout.write(`${printed(form, name, held, evidence)}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof TokenRequestError)) throw error;
      const action = error.occurrence.action ?? error.entry.action;
      context.stderr.write(`bearerd token: ${error.message}\n  ${action}\n`);
      return 1;
    }
  });
};

function refuse({ stderr }: CliContext, problem: string): 2 {
  stderr.write(`bearerd token: ${problem}\n`);
  return 2;
}

/** The credential, or what is wrong with the wish. */
function chosen(
  wish: string | undefined,
  credentials: ReadonlyMap<string, Credential>,
): readonly [name: string, credential: Credential] | string {
  const names = [...credentials.keys()];
  const all = names.join(', ');
  if (wish === undefined) {
    const [only, ...more] = credentials;
    return only === undefined || more.length > 0 ? `name one of the credentials: ${all}` : only;
  }
  const found = credentials.get(wish);
  if (found !== undefined) return [wish, found];
  const near = nearestName(wish, names);
  const hint = near === undefined ? `there are ${all}` : `did you mean ${near}?`;
  return `no route uses a credential '${wish}'; ${hint}`;
}

function printed(form: Form, credential: string, held: HeldToken, keys: KeyEvidence | undefined): string {
  const { value, requestedAtMs, lifetimeMs, lifetimeSource } = held.token;
  const expiresAt = lifetimeMs === undefined ? undefined : new Date(requestedAtMs + lifetimeMs).toISOString();
  switch (form) {
    case 'raw':
      return value;
    case 'header':
      return `Authorization: ${held.authorization}`;
    case 'decode': {
      const until = expiresAt === undefined ? 'it never expires' : `good until ${expiresAt} (${lifetimeSource})`;
      return [`credential: ${credential}, ${until}`, ...viewLines(viewOf(value, keys))].join('\n');
    }
    case 'json': {
      const facts = {
        credential,
        tokenType: 'Bearer',
        accessToken: value,
        expiresAt,
        lifetimeSource,
        ...viewOf(value, keys),
      };
      return JSON.stringify(facts, null, 2);
    }
  }
}
