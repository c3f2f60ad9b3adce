import { Secret } from '../../src/config/secret.ts';
import type { Log } from '../../src/log.ts';
import type { AccessToken } from '../../src/token/access-token.ts';
import { Availability } from '../../src/token-cache/availability.ts';
import { KeyRing } from '../../src/token-cache/sealed-token.ts';
import type { StoreState } from '../../src/token-cache/store.ts';
import type { Line } from '../token/support.ts';

/** A key of 44 characters, different for each letter. */
export function keyText(letter: string): string {
  return Buffer.alloc(32, letter).toString('base64');
}

/** A secret with this text. */
export function secretOf(value: string): Secret {
  return new Secret({ kind: 'value', value });
}

/** Keys of these letters. */
export function ring(...letters: readonly string[]): KeyRing {
  return new KeyRing(
    letters.map((letter) => secretOf(keyText(letter))),
    recorder([]),
    new Availability(() => {}),
  );
}

/** A log whose lines go into a list. */
export function recorder(lines: Line[]): Log {
  const write = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });
  return {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
}

/** A token as a provider hands it over. */
export function tokenOf(value: string, lifetimeMs = 300_000, requestedAtMs = Date.now()): AccessToken {
  return { value, requestedAtMs, lifetimeMs, lifetimeSource: 'expires_in' };
}

/** Waits until it holds; a test that waits in vain fails. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (const end = Date.now() + 20_000; !holds(); ) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Collects the states that a store tells of. */
export function states(): { readonly told: StoreState[]; readonly availability: Availability } {
  const told: StoreState[] = [];
  return { told, availability: new Availability((state) => void told.push(state)) };
}
