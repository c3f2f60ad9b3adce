import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import { pathAndQuery } from './request-target.ts';

/** One decision about one request; JSON.stringify leaves out what is undefined. Nothing of a query, header or body is in it. */
export interface AuditEntry {
  /** URL of the listener that it came in on. */
  readonly listener: string;
  /** Address and port of the client; `unix` on a Unix socket. */
  readonly peer: string;
  readonly requestId: string;
  /** undefined = what came was no request. */
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly route?: string | undefined;
  /** allowed = it could go upstream; refused = it could not; answered = bearerd answered it without asking anybody (a preflight). */
  readonly decision: 'allowed' | 'refused' | 'answered';
  /** The route's key that refused it. */
  readonly rule?: string | undefined;
  /** Of the answer, when it was bearerd's own. */
  readonly error?: ErrorCode | undefined;
  /** Of the answer; undefined = the client had left before there was one. */
  readonly status: number | undefined;
  /** What the upstream answered last; undefined = it was not asked, or said nothing. */
  readonly upstreamStatus?: number | undefined;
  /** Generation of the token that was sent last; undefined = none was sent. */
  readonly generation?: number | undefined;
}

/** What writes entries down; it adds the time. */
export interface Audit {
  readonly record: (entry: AuditEntry) => void;
}

/** Characters of a path that are kept. */
const longestPath = 2000;

/** The path of a request target without scheme, authority and query; undefined = there is none. */
export function auditedPath(target: string, method?: string): string | undefined {
  return target === '' ? undefined : pathAndQuery(target, method).split(/[?#]/, 1)[0]?.slice(0, longestPath);
}

/** The client of a connection; ask while it is open, Node remembers it from then on. */
export function peerOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  if (remoteAddress === undefined || remotePort === undefined) return 'unix';
  return `${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`;
}
