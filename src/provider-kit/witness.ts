import { inspect } from 'node:util';
import type { Log } from '../log.ts';

/** Hears everything that a provider says while it is tried. */
export class Witness {
  readonly #heard: string[] = [];
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets.filter((secret) => secret.length >= 8);
  }

  /** Keeps every line. */
  get log(): Log {
    const hear = (fields: object, message: string): void => this.hear({ fields, message });
    return { trace: hear, debug: hear, info: hear, warn: hear, error: hear };
  }

  /** Keeps whatever of an error or a line could be printed, its causes and hidden members too. */
  hear(what: unknown): void {
    this.#heard.push(inspect(what, { depth: 8, showHidden: true }));
    for (let error = what; error instanceof Error; error = error.cause) {
      this.#heard.push(`${error.name} ${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`);
    }
  }

  /** The secrets that were heard, in one of the forms in which programs write them by accident. */
  get leaked(): readonly string[] {
    const all = this.#heard.join('\n');
    return this.#secrets.filter((secret) => forms(secret).some((form) => all.includes(form)));
  }
}

function forms(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  return [
    secret,
    encodeURIComponent(secret),
    new URLSearchParams([['', secret]]).toString().slice(1),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    JSON.stringify(secret).slice(1, -1),
  ];
}

/** What a leak is called, without repeating the secret. */
export function leaks({ leaked }: Witness): string | undefined {
  if (leaked.length === 0) return undefined;
  const which = leaked.map((secret) => `the one that starts with ${secret.slice(0, 2)}…`);
  return `${leaked.length} of the secrets came out: ${which.join(', ')}`;
}
