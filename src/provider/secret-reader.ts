import { createHash } from 'node:crypto';
import type { Secret } from '../config/secret.ts';
import { BearerdError } from '../errors.ts';
import type { Log } from '../log.ts';
import { TokenRequestError } from '../token/provider.ts';

/** Reads the secrets of one provider and knows which of them have changed since. */
export interface SecretReader {
  /**
   * The secret as it is now, so that a rotated one is used with the next token request.
   * @throws TokenRequestError (transient, secret_unreadable): files and commands that fail may work a second later.
   */
  readonly read: (secret: Secret) => Promise<string>;
  /** A file that was read (or could not be read) has another content now; never throws. Commands are not run for it. */
  readonly changed: () => Promise<boolean>;
  /** bearerd itself has put this text into the file: what it wrote is no change by somebody else. */
  readonly wrote: (secret: Secret, text: string) => void;
}

/** Makes a reader; it keeps hashes of what it has read from files, not the secrets. */
export function createSecretReader(log: Log): SecretReader {
  const digests = new Map<Secret, string | undefined>();
  return {
    async read(secret) {
      if (secret.isFile) digests.set(secret, undefined);
      const text = await currentSecret(secret, log);
      if (secret.isFile) digests.set(secret, digest(text));
      return text;
    },
    async changed() {
      for (const [secret, before] of digests) {
        const now = await secret.read(log).then(digest, () => undefined);
        if (now !== undefined && now !== before) return true;
      }
      return false;
    },
    wrote(secret, text) {
      digests.set(secret, digest(text));
    },
  };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function currentSecret(secret: Secret, log: Log): Promise<string> {
  try {
    return await secret.read(log);
  } catch (cause) {
    const why = cause instanceof BearerdError ? cause.message : 'A secret could not be read.';
    throw new TokenRequestError(`No token was asked for. ${why}`, {
      kind: 'transient',
      reason: 'secret_unreadable',
      cause,
      action: 'Make the secret readable for bearerd; it is read again with the next token request.',
    });
  }
}
