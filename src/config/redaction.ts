import { SecretSearch } from './secret-search.ts';

/** Shorter texts occur by chance; replacing them would only make messages unreadable. */
const shortest = 4;
/** Rotated secrets pile up; the oldest are forgotten beyond this many texts. */
const most = 2000;

/** What is known of secrets in this process. */
interface Registry {
  readonly known: Set<string>;
  /** The known texts, the longest first, so that no part of a longer secret stays behind; undefined = has to be made again. */
  ordered: readonly string[] | undefined;
}

/** One for all copies of this package: a provider module may have its own, and its secrets are as secret as ours. */
const place = Symbol.for('bearerd.secrets');
// Nobody else uses this symbol.
const holder = globalThis as { [place]?: Registry };
holder[place] ??= { known: new Set(), ordered: undefined };
const registry: Registry = holder[place];
/** For the known texts as they were when it was made. */
let search: SecretSearch | undefined;

/** Every spelling in which a server may echo a secret: as it is, form-encoded, percent-encoded, base64, base64url, JSON; of PEM each line. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const lines = secret.includes('\n')
    ? secret.split(/\r?\n/).filter((line) => line.length >= 16 && !line.startsWith('---'))
    : [];
  return [
    secret,
    new URLSearchParams([['', secret]]).toString().slice(1),
    encodeURIComponent(bytes.toString('utf8')),
    bytes.toString('base64'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    JSON.stringify(secret).slice(1, -1),
    ...lines,
  ];
}

/** Remembers a text that must never be printed (a secret, or something made of one such as Basic credentials); shorter than 4 characters is ignored. */
export function rememberSecret(secret: string): void {
  if (secret.length < shortest) return;
  const { known } = registry;
  for (const text of spellings(secret)) {
    if (!known.delete(text)) registry.ordered = undefined;
    known.add(text); // at the young end
  }
  for (const oldest of known) {
    if (known.size <= most) break;
    known.delete(oldest);
    registry.ordered = undefined;
  }
}

/** Remembers several, see rememberSecret. */
export function rememberSecrets(secrets: Iterable<string>): void {
  for (const secret of secrets) rememberSecret(secret);
}

/** The text of somebody else (an identity provider's error, a command's output) with every known secret replaced by `‹secret›`. */
export function redact(text: string): string {
  registry.ordered ??= [...registry.known].sort((a, b) => b.length - a.length);
  if (search?.texts !== registry.ordered) search = new SecretSearch(registry.ordered);
  if (!search.foundIn(text)) return text;
  let clean = text;
  for (const secret of registry.ordered) {
    if (clean.includes(secret)) clean = clean.replaceAll(secret, '‹secret›');
  }
  return clean;
}
