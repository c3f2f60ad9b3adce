import { execFile } from 'node:child_process';
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { BearerdError } from '../errors.ts';
import type { Log } from '../log.ts';
import { readPrivateKey } from './private-key.ts';
import { redact, rememberSecret } from './redaction.ts';
import { replaceFile } from './replace-file.ts';

export { keyIdIn, readPrivateKey } from './private-key.ts';
export { redact, rememberSecret, rememberSecrets } from './redaction.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a secret comes from. Paths are absolute; a command runs in `cwd` with `env`. */
export type SecretSource =
  | { readonly kind: 'value'; readonly value: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string; readonly env: Environment }
  | {
      readonly kind: 'command';
      readonly argv: readonly string[];
      readonly env: Environment;
      readonly cwd: string;
      /** Milliseconds; by default commandTimeoutMs. */
      readonly timeoutMs?: number;
    };

/** What may be known of a secret when the configuration is checked; never the secret. */
export interface SecretFacts {
  /** Length in bytes of UTF-8. */
  readonly bytes: number;
  /** The text is a PEM block. */
  readonly pem: boolean;
  /** For a private key that can be read (PEM, JWK, Google key file): what kind of key it is. */
  readonly privateKey: PrivateKeyFacts | undefined;
  /** `redis:`, where the text is a URL; empty where it is none. */
  readonly scheme: string;
}

/** What kind of key a private key is. */
export interface PrivateKeyFacts {
  /** As node:crypto calls it: `rsa`, `ec`, `ed25519`. */
  readonly type: string;
  /** Size of the modulus of an RSA key. */
  readonly bits: number | undefined;
  /** Curve of an EC key as OpenSSL calls it: `prime256v1`. */
  readonly curve: string | undefined;
}

/** A secret command may take this long. */
export const commandTimeoutMs = 10_000;

/** One trailing newline is the editor's, not the secret's. */
function withoutNewline(text: string): string {
  return text.replace(/\r?\n$/, '');
}

function run(source: SecretSource & { readonly kind: 'command' }, log: Log | undefined): Promise<string> {
  const { argv, env, cwd, timeoutMs = commandTimeoutMs } = source;
  const [command = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      rest,
      { env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 1024 * 1024, encoding: 'utf8' },
      (error, stdout, stderr) => {
        rememberSecret(withoutNewline(stdout)); // before stderr is shown, which may repeat it
        if (stderr.trim() !== '')
          log?.warn({ event: 'secret_command_stderr', command }, redact(stderr.trim()).slice(0, 1000));
        if (error === null) return resolve(stdout);
        // execFile's own message repeats every argument and stderr, which may hold a secret.
        const why = error.killed
          ? `did not end within ${timeoutMs / 1000} s`
          : typeof error.code === 'number'
            ? `ended with exit code ${error.code}`
            : `could not be run (${error.code ?? error.signal ?? 'unknown reason'})`;
        reject(new Error(why));
      },
    );
    child.stdin?.end();
  });
}

/** A secret that cannot be printed by accident: JSON, inspection and templates show `‹secret›`. */
export class Secret {
  readonly #source: SecretSource;

  constructor(source: SecretSource) {
    this.#source = source;
    if (source.kind === 'value') rememberSecret(source.value);
  }

  /** The source in words for messages: `file /run/secrets/x`, `environment variable X`, `command pass`, `value`. */
  get description(): string {
    return describe(this.#source);
  }

  /** Reading it again is cheap and may give something else: a file. */
  get isFile(): boolean {
    return this.#source.kind === 'file';
  }

  /** Every user of this machine may read or change the file; false for what is no file, or is not there. */
  get openToAll(): boolean {
    const source = this.#source;
    const mode = source.kind === 'file' ? statSync(source.path, { throwIfNoEntry: false })?.mode : undefined;
    return ((mode ?? 0) & 0o007) !== 0;
  }

  /** Names the source in cache keys: sha256 of a value, else path, name or argv (hashed too, as arguments may be private). */
  get fingerprint(): string {
    return fingerprintOf(this.#source);
  }

  /**
   * The secret as it is now: files are read and commands run again on each call, one trailing newline is removed.
   * @param log takes what a command writes to its standard error.
   * @throws BearerdError BEARERD_SECRET_UNREADABLE naming the source.
   */
  async read(log?: Log): Promise<string> {
    let text: string | undefined;
    try {
      text = await this.#fetch(log);
    } catch (cause) {
      throw new BearerdError('BEARERD_SECRET_UNREADABLE', `The ${this.description} ${reason(cause)}.`, { cause });
    }
    if (text === undefined) {
      throw new BearerdError('BEARERD_SECRET_UNREADABLE', `The ${this.description} is not set.`);
    }
    if (text === '') throw new BearerdError('BEARERD_SECRET_UNREADABLE', `The ${this.description} is empty.`);
    rememberSecret(text);
    return text;
  }

  /**
   * Puts another text in place of the file's content, whole or not at all; what has been stored is what read() gives then.
   * @throws BearerdError BEARERD_SECRET_UNREADABLE when that cannot be done, or the secret is not a file.
   */
  async replace(text: string): Promise<void> {
    rememberSecret(text);
    const source = this.#source;
    try {
      if (source.kind !== 'file') throw new Error('is not a file');
      await replaceFile(source.path, `${text}\n`);
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
      throw new BearerdError('BEARERD_SECRET_UNREADABLE', `The ${this.description} cannot be replaced${code}.`, {
        cause,
      });
    }
  }

  /** When the file was last written, epoch milliseconds; undefined for what is not a file or cannot be looked at. */
  async modifiedAtMs(): Promise<number | undefined> {
    const source = this.#source;
    if (source.kind !== 'file') return undefined;
    return stat(source.path).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    );
  }

  /**
   * What can be told about the secret while the configuration is checked; undefined for a command, which is not run then.
   * @throws BearerdError BEARERD_SECRET_UNREADABLE when the file cannot be read or the variable is not set.
   */
  facts(): SecretFacts | undefined {
    const text = this.#textNow();
    if (text === undefined) return undefined;
    const pem = text.includes('-----BEGIN ');
    const scheme = URL.canParse(text) ? new URL(text).protocol : '';
    return { bytes: Buffer.byteLength(text), pem, privateKey: privateKeyFacts(text), scheme };
  }

  /**
   * Whether it is the private key of the first certificate in this PEM text; undefined for a command, as with facts().
   * @throws BearerdError BEARERD_SECRET_UNREADABLE when the file cannot be read or the variable is not set.
   */
  isKeyOf(certificate: string): boolean | undefined {
    const text = this.#textNow();
    if (text === undefined) return undefined;
    try {
      return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(text));
    } catch {
      return false;
    }
  }

  /** undefined = it is a command. */
  #textNow(): string | undefined {
    const source = this.#source;
    if (source.kind === 'command') return undefined;
    let text: string | undefined;
    try {
      if (source.kind === 'value') text = source.value;
      else if (source.kind === 'env') text = source.env[source.name];
      else text = readFileSync(source.path, 'utf8');
    } catch (cause) {
      throw new BearerdError('BEARERD_SECRET_UNREADABLE', `The ${this.description} ${reason(cause)}.`, { cause });
    }
    if (text === undefined) {
      throw new BearerdError('BEARERD_SECRET_UNREADABLE', `The ${this.description} is not set.`);
    }
    text = withoutNewline(text);
    rememberSecret(text);
    return text;
  }

  async #fetch(log: Log | undefined): Promise<string | undefined> {
    const source = this.#source;
    switch (source.kind) {
      case 'value':
        return source.value;
      case 'file':
        return withoutNewline(await readFile(source.path, 'utf8'));
      case 'env': {
        const value = source.env[source.name];
        return value === undefined ? undefined : withoutNewline(value);
      }
      case 'command':
        return withoutNewline(await run(source, log));
    }
  }

  toString(): string {
    return '‹secret›';
  }

  toJSON(): string {
    return '‹secret›';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '‹secret›';
  }
}

function describe(source: SecretSource): string {
  switch (source.kind) {
    case 'value':
      return 'value';
    case 'file':
      return `file ${source.path}`;
    case 'env':
      return `environment variable ${source.name}`;
    case 'command':
      return `command ${source.argv[0] ?? ''}`;
  }
}

function fingerprintOf(source: SecretSource): string {
  switch (source.kind) {
    case 'value':
      return `value:${sha256(source.value)}`;
    case 'file':
      return `file:${source.path}`;
    case 'env':
      return `env:${source.name}`;
    case 'command':
      return `command:${sha256(JSON.stringify(source.argv))}`;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function privateKeyFacts(text: string): PrivateKeyFacts | undefined {
  if (!text.includes('-----BEGIN ') && !/^\s*\{/.test(text)) return undefined;
  try {
    return factsOfKey(readPrivateKey(text));
  } catch {
    return undefined; // not a private key, or an encrypted one: the caller only learns that it is PEM
  }
}

/** What kind of key this is. */
export function factsOfKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): PrivateKeyFacts {
  return {
    type: asymmetricKeyType ?? 'unknown',
    bits: asymmetricKeyDetails?.modulusLength,
    curve: asymmetricKeyDetails?.namedCurve,
  };
}

/** Why reading failed, in words; a file system error's own message would repeat the path. */
function reason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'ENOENT') return 'does not exist';
  if (code === 'EACCES') return 'may not be read by this user';
  if (code === 'EISDIR') return 'is a folder';
  return typeof code === 'string'
    ? `cannot be read (${code})`
    : cause instanceof Error
      ? cause.message
      : 'cannot be read';
}
