import type { Secret } from '../config/secret.ts';
import { BearerdError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { SecretReader } from './secret-reader.ts';

/** What this process knows of one file, whoever uses it. */
interface Knowledge {
  /** Settles when those who came before have had their turn; never rejects. */
  last: Promise<void>;
  /** How many have their turn or wait for it. */
  users: number;
  /** What the file had when it was last looked at. */
  seen: string | undefined;
  /** What ought to be in the file; undefined = it is there. */
  unsaved: string | undefined;
}

/**
 * By the secret's fingerprint. A reload makes another provider on the same file while a request of the one before is out,
 * and two credentials may name one file: for the identity provider all of them are one user of one refresh token.
 */
const known = new Map<string, Knowledge>();

/**
 * A secret in a file that each use may replace by another one. What the file says wins when somebody else has changed it;
 * a replacement that could not be stored is used from memory, and stored at the next opportunity. All of one process that
 * name the same file take turns, and share what could not be stored.
 */
export class RotatingSecret {
  readonly #file: Secret;
  readonly #log: Log;
  #knowledge: Knowledge;

  constructor(file: Secret, log: Log) {
    this.#file = file;
    this.#log = log;
    this.#knowledge = known.get(file.fingerprint) ?? nothingKnown();
  }

  /**
   * Runs `use` alone: who comes later waits until it has settled, because two requests with the same refresh token look
   * like theft (RFC 9700 §4.14.2). What is known of the file is forgotten with its last user, unless it has to be stored yet.
   */
  async inTurn<T>(use: () => Promise<T>): Promise<T> {
    const { fingerprint } = this.#file;
    const knowledge = known.get(fingerprint) ?? this.#knowledge;
    known.set(fingerprint, knowledge);
    this.#knowledge = knowledge;
    knowledge.users += 1;
    const result = knowledge.last.then(use);
    knowledge.last = result.then(
      () => {},
      () => {},
    );
    try {
      return await result;
    } finally {
      knowledge.users -= 1;
      if (knowledge.users === 0 && knowledge.unsaved === undefined) known.delete(fingerprint);
    }
  }

  /** The one to use now. @throws TokenRequestError when there is none, neither in the file nor in memory */
  async current(secrets: SecretReader): Promise<string> {
    const knowledge = this.#knowledge;
    if (knowledge.unsaved === undefined) {
      knowledge.seen = await secrets.read(this.#file);
      return knowledge.seen;
    }
    const inFile = await secrets.read(this.#file).catch(() => undefined);
    if (inFile !== undefined && inFile !== knowledge.seen) {
      knowledge.seen = inFile;
      knowledge.unsaved = undefined;
      return inFile;
    }
    const { unsaved } = knowledge;
    await this.store(unsaved, secrets);
    return unsaved;
  }

  /**
   * Keeps another one from now on; never throws.
   * @param secrets learns of it: else a refusal that came with a new refresh token would look mended at once, and be repeated
   */
  async store(next: string, secrets: SecretReader): Promise<void> {
    const knowledge = this.#knowledge;
    if (next === knowledge.seen && knowledge.unsaved === undefined) return;
    knowledge.unsaved = next;
    try {
      await this.#file.replace(next);
      secrets.wrote(this.#file, next);
      knowledge.seen = next;
      knowledge.unsaved = undefined;
      this.#log.debug({ event: 'refresh_token_rotated' }, `The new refresh token is in the ${this.#file.description}`);
    } catch (error) {
      const why = error instanceof BearerdError ? error.message.replace(/\.$/, '') : 'It cannot be stored';
      this.#log.error(
        { event: 'refresh_token_not_stored' },
        `${why}: the new refresh token is in memory only and lost when bearerd ends. Make the file and its folder writable`,
      );
    }
  }
}

/** How many files something is known of: those in use, and those that lack their newest token. */
export function filesInUse(): number {
  return known.size;
}

function nothingKnown(): Knowledge {
  return { last: Promise.resolve(), users: 0, seen: undefined, unsaved: undefined };
}
