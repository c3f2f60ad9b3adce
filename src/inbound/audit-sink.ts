import { open } from 'node:fs/promises';
import { BearerdError } from '../errors.ts';

/** Where audit lines go. */
export type AuditTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'stream'; readonly name: string; readonly stream: NodeJS.WritableStream | undefined };

/** An open place for lines; one write at a time. */
export interface AuditSink {
  /** Rejects when not all of it could be written. */
  readonly write: (text: string) => Promise<void>;
  /** Never rejects. */
  readonly close: () => Promise<void>;
}

/** Opens a place for lines; a file is made when it is not there, for its owner only. @throws BearerdError BEARERD_AUDIT */
export async function openAuditSink(target: AuditTarget): Promise<AuditSink> {
  if (target.kind === 'stream') return streamSink(target.name, target.stream);
  try {
    const file = await open(target.path, 'a', 0o600);
    return {
      write: (text) => file.appendFile(text),
      close: () => file.close().catch(() => {}),
    };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new BearerdError('BEARERD_AUDIT', `the audit log ${target.path} cannot be opened${code}`, { cause });
  }
}

function streamSink(name: string, stream: NodeJS.WritableStream | undefined): AuditSink {
  if (stream === undefined) {
    throw new BearerdError('BEARERD_AUDIT', `there is no ${name} here for the audit log`, {
      action: 'Write audit: { file: PATH }, or pass auditStream to createProxy.',
    });
  }
  // without a listener the end of a pipe would end the process; each write learns of it by itself
  const ignore = (): void => {};
  stream.on('error', ignore);
  return {
    write: (text) =>
      new Promise((resolve, reject) => {
        stream.write(text, (error) => (error ? reject(error) : resolve()));
      }),
    close: async () => {
      stream.removeListener('error', ignore);
    },
  };
}
