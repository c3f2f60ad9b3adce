import type { Config } from '../config/config.ts';
import type { AuditTarget } from '../inbound/audit-sink.ts';

/** The program's own streams, for an audit log that goes there. */
export interface AuditStreams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/** The configuration asks for an audit log. */
export function isAudited({ audit }: Config): boolean {
  return audit?.file !== undefined || audit?.stream !== undefined;
}

/** Where the audit log of a configuration goes; undefined = there is none. */
export function auditTarget({ audit }: Config, streams: AuditStreams | undefined): AuditTarget | undefined {
  if (audit?.file !== undefined) return { kind: 'file', path: audit.file };
  const name = audit?.stream;
  return name === undefined ? undefined : { kind: 'stream', name, stream: streams?.[name] };
}
