import { resolve } from 'node:path';
import type { ProviderDefinition } from '../config/provider-definition.ts';
import { redact } from '../config/redaction.ts';
import { type BatchedLog, createLog, type LogOptions } from '../log.ts';
import { providers } from '../provider/index.ts';

/** What a program that embeds bearerd may hand over besides the configuration. */
export interface EmbeddingOptions {
  /** For `${NAME}` in a file, `{ env: NAME }`, secret commands and `BEARERD_…`; default: nothing. Pass process.env to allow it all. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Relative paths count from here, except those in a file; default: the working folder. */
  readonly cwd?: string;
  /** Providers of your own, made with defineProvider. */
  readonly providers?: readonly ProviderDefinition<unknown>[];
  /** Takes the log, one JSON object per line; default: there is no log. */
  readonly logStream?: NodeJS.WritableStream;
  /** Takes the audit log where the configuration says `audit: { stream: … }`, whichever of the two it names. */
  readonly auditStream?: NodeJS.WritableStream;
}

/** The same with nothing left open. */
export interface Embedding {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly providers: readonly ProviderDefinition<unknown>[];
}

/** Fills in what is not said. @throws TypeError when two providers have the same name */
export function embedding(options: EmbeddingOptions): Embedding {
  const all = [...providers, ...(options.providers ?? [])];
  const twice = all.find(({ kind }, index) => all.findIndex((other) => other.kind === kind) !== index);
  if (twice !== undefined) throw new TypeError(`there are two providers with the name ${twice.kind}`);
  return { env: options.env ?? {}, cwd: resolve(options.cwd ?? '.'), providers: all };
}

/** A log into the program's stream, or into nothing; secrets are taken out of it. */
export function embeddedLog({ logStream }: EmbeddingOptions, level: LogOptions['level']): Promise<BatchedLog> {
  const stream: Pick<NodeJS.WritableStream, 'write'> = logStream ?? { write: () => true };
  return createLog({
    level: logStream === undefined ? 'silent' : level,
    format: 'json',
    color: false,
    // The log only writes.
    stream: stream as NodeJS.WritableStream,
    redact,
  });
}
