import type { Clock } from '../clock.ts';
import { redact } from '../config/redaction.ts';
import type { Log } from '../log.ts';
import type { Audit, AuditEntry } from './audit-entry.ts';
import { type AuditSink, type AuditTarget, openAuditSink } from './audit-sink.ts';

/** Milliseconds that a line may wait for others. */
const batchMs = 50;
const batchBytes = 16 * 1024;
/** Bytes that wait for a slow disk; lines beyond are lost and counted. */
const mostBytes = 4 * 1024 * 1024;

/** Another place for the audit log, opened but not yet used. */
export interface PreparedAudit {
  /** From now on lines go there; what was written before goes to the old place. */
  readonly take: () => void;
  /** Gives it up. */
  readonly discard: () => Promise<void>;
}

/** What the audit log needs from outside. */
export interface AuditLogParts {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * One JSON line per decision, written in batches. A line that cannot be written is lost and the request goes on: the
 * first failure is reported, and once writing works again a line in the audit log says how many are missing.
 */
export class AuditLog implements Audit {
  readonly #parts: AuditLogParts;
  #sink: AuditSink | undefined;
  #text = '';
  #lines = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Writes in their order; never rejects. */
  #last: Promise<void> = Promise.resolve();
  /** Bytes handed to #last that are not written yet. */
  #writing = 0;
  #failing = false;
  #lost = 0;

  constructor(parts: AuditLogParts) {
    this.#parts = parts;
  }

  record(entry: AuditEntry): void {
    if (this.#writing + this.#text.length > mostBytes) {
      this.#failed(1, new Error('it cannot be written as fast as requests come'));
      return;
    }
    this.#text += `${JSON.stringify({ time: this.#now(), ...entry })}\n`;
    this.#lines += 1;
    if (this.#text.length >= batchBytes) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), batchMs);
  }

  /** Opens a place, the one in use again included. @throws BearerdError BEARERD_AUDIT */
  async prepare(target: AuditTarget | undefined): Promise<PreparedAudit> {
    const sink = target === undefined ? undefined : await openAuditSink(target);
    return {
      take: () => {
        this.#flush();
        const before = this.#sink;
        this.#sink = sink;
        this.#last = this.#last.then(() => before?.close());
      },
      discard: async () => sink?.close(),
    };
  }

  /** Writes what is in hand and ends it. */
  async close(): Promise<void> {
    const nothing = await this.prepare(undefined);
    nothing.take();
    await this.#last;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const sink = this.#sink;
    const text = redact(this.#text);
    const lines = this.#lines;
    this.#text = '';
    this.#lines = 0;
    if (sink === undefined || lines === 0) return;
    this.#writing += text.length;
    this.#last = this.#last.then(async () => {
      const lost = this.#lost;
      try {
        await sink.write(this.#gap(lost) + text);
        this.#written(lost);
      } catch (error) {
        this.#failed(lines, error);
      }
      this.#writing -= text.length;
    });
  }

  /** What stands before the first lines after a failure; on a line of its own, because half a line may have been written. */
  #gap(lost: number): string {
    return lost === 0 ? '' : `\n${JSON.stringify({ time: this.#now(), event: 'lines_lost', lost })}\n`;
  }

  #written(lost: number): void {
    this.#lost -= lost;
    if (!this.#failing || this.#lost > 0) return;
    this.#failing = false;
    this.#parts.log.warn(
      { event: 'audit_written_again', lost },
      'the audit log is written again; it says how many lines are lost',
    );
  }

  #failed(lines: number, error: unknown): void {
    this.#lost += lines;
    if (this.#failing) return;
    this.#failing = true;
    const why = error instanceof Error ? error.message : String(error);
    this.#parts.log.error(
      { event: 'audit_not_written', err: error },
      `the audit log cannot be written, requests go on without it: ${why}`,
    );
  }

  #now(): string {
    return new Date(this.#parts.clock.nowMs()).toISOString();
  }
}
