import type { Secret } from '../config/secret.ts';
import { BearerdError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { SecretReader } from './secret-reader.ts';

/**
 * A secret in a file that each use may replace by another one. What the file says wins when somebody else has changed it;
 * a replacement that could not be stored is used from memory, and stored at the next opportunity.
 */
export class RotatingSecret {
  readonly #file: Secret;
  readonly #log: Log;
  /** What the file had when it was last looked at. */
  #seen: string | undefined;
  /** What ought to be in the file; undefined = it is there. */
  #unsaved: string | undefined;

  constructor(file: Secret, log: Log) {
    this.#file = file;
    this.#log = log;
  }

  /** The one to use now. @throws TokenRequestError when there is none, neither in the file nor in memory */
  async current(secrets: SecretReader): Promise<string> {
    if (this.#unsaved === undefined) {
      this.#seen = await secrets.read(this.#file);
      return this.#seen;
    }
    const inFile = await secrets.read(this.#file).catch(() => undefined);
    if (inFile !== undefined && inFile !== this.#seen) {
      this.#seen = inFile;
      this.#unsaved = undefined;
      return inFile;
    }
    const unsaved = this.#unsaved;
    await this.store(unsaved);
    return unsaved;
  }

  /** Keeps another one from now on; never throws. */
  async store(next: string): Promise<void> {
    if (next === this.#seen && this.#unsaved === undefined) return;
    this.#unsaved = next;
    try {
      await this.#file.replace(next);
      this.#seen = next;
      this.#unsaved = undefined;
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
