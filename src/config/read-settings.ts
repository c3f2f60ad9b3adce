import type { Config, ListenAddress } from './config.ts';
import { complain, type MapInput, type Origin, type ParseContext } from './input.ts';
import { describeAddress, isLocal } from './listen-address.ts';
import { originOf } from './option/group.ts';
import { settings } from './schema.ts';
import type { Secret } from './secret.ts';

/** The top level's part of the configuration; keys with a problem are missing. */
export type General = Partial<Omit<Config, 'routes' | 'credentials'>>;

/** Reads the keys besides routes and credentials and checks them against each other. */
export function readSettings(top: MapInput, context: ParseContext): General {
  const draft = settings.draft(top, '', context);
  const { listen = [], admin } = draft;
  checkOpenAddresses(listen, originOf(top, 'listen'), top, context);
  checkLocalKey(draft.guard?.localKey, top, context);
  const seen = new Set<string>();
  for (const address of listen) {
    const text = describeAddress(address);
    if (!isAnyPort(address) && seen.has(text)) {
      complain(context, originOf(top, 'listen'), 'listen', `${text} is written twice`, 'keep one of them');
    }
    seen.add(text);
  }
  if (
    admin !== undefined &&
    admin !== 'off' &&
    top.entries.has('admin') &&
    !isAnyPort(admin) &&
    seen.has(describeAddress(admin))
  ) {
    complain(
      context,
      originOf(top, 'admin'),
      'admin',
      `${describeAddress(admin)} is the proxy's own address`,
      'choose another port',
    );
  }
  // Draft says "perhaps undefined" for every key; only keys with a problem are.
  return { ...draft, adminChosen: top.entries.has('admin') } as General;
}

/** Beyond loopback nobody listens by accident: the names by which it is called have to be written out (threat 8). */
export function checkOpenAddresses(
  listen: readonly ListenAddress[],
  origin: Origin,
  top: MapInput,
  context: ParseContext,
): void {
  const open = listen.find((address) => !isLocal(address));
  const guard = top.entries.get('guard')?.value;
  if (open === undefined || (guard?.kind === 'map' && guard.entries.has('allowedHosts'))) return;
  const problem = `has to be written out, because ${describeAddress(open)} can be reached from other machines`;
  const cure = 'write guard: { allowedHosts: [NAME, …] } with every name by which callers may call bearerd';
  complain(context, origin, 'guard.allowedHosts', problem, cure);
}

/** A key that can be guessed or tried out keeps nobody away; a command is not run for this. */
function checkLocalKey(key: Secret | undefined, top: MapInput, context: ParseContext): void {
  const bytes = key?.facts()?.bytes;
  if (bytes === undefined || bytes >= 16) return;
  const problem = `has ${bytes} bytes, so that it could be found by trying`;
  const cure = 'write at least 16 random characters, for example those of `openssl rand -hex 16`';
  complain(context, originOf(top, 'guard.localKey'), 'guard.localKey', problem, cure, 'warning');
}

function isAnyPort(address: ListenAddress): boolean {
  return address.kind === 'tcp' && address.port === 0;
}
