/** What the raw client does, in order: bytes (latin1), or … */
export type Send =
  | string
  /** … waiting, */
  | { readonly waitMs: number }
  /** … reading until what has come matches, */
  | { readonly until: RegExp }
  /** … ending its side, or resetting the connection. */
  | 'end'
  | 'reset';

/** What the raw upstream does with a request, in order: bytes (latin1), or … */
export type Act =
  | string
  /** … waiting, */
  | { readonly waitMs: number }
  /** … reading until what came behind the head matches, */
  | { readonly until: RegExp }
  /** … ending or resetting the connection. */
  | 'end'
  | 'reset';

/** How the raw upstream behaves for one case. */
export interface UpstreamScript {
  /** When it starts to answer: at the end of the request head, or of the whole request (the default). */
  readonly at?: 'head' | 'request';
  /** One list per request, in the order of their arrival; the last one serves all later requests. */
  readonly answers: readonly (readonly Act[])[];
}

/** What must come back to the client. */
export interface ClientExpectation {
  /** Status of each final answer, in order; a list in place of one = any of them. */
  readonly status: readonly (number | readonly number[])[];
  /** Each must match the head of the last answer (with its CRLFs, without the empty line). */
  readonly head?: readonly RegExp[];
  /** None may match anything that came back. */
  readonly never?: readonly RegExp[];
  /** Body of the last answer, without its framing. */
  readonly body?: string;
  /** Everything that came back, byte for byte. */
  readonly exact?: string;
  /** Statuses of the informational answers, in order. */
  readonly informational?: readonly number[];
  /** Trailer section of the last answer. */
  readonly trailers?: string;
  /** The last answer has to be broken off (no clean end), or complete (the default). */
  readonly aborted?: boolean;
  /** What becomes of the connection: still open, or closed. */
  readonly connection?: 'open' | 'closed';
  /** Milliseconds within which the head of the last answer has to be there. */
  readonly headWithinMs?: number;
  /** Bytes that follow a 101. */
  readonly tunnel?: string;
}

/** What must arrive at the upstream. */
export interface UpstreamExpectation {
  /** Requests that arrive; default 1. */
  readonly requests?: number;
  /** Request line of the last one. */
  readonly line?: string;
  /** Each must match its head (with its CRLFs, without the empty line). */
  readonly head?: readonly RegExp[];
  /** None may match anything of its head. */
  readonly lacks?: readonly RegExp[];
  /** Body of the last one, without its framing. */
  readonly body?: string;
}

/** One thing that a proxy must do, as bytes on both sides. */
export interface Case {
  readonly id: string;
  readonly title: string;
  /** RFC section, advisory or threat that it comes from. */
  readonly source: string;
  readonly send: readonly Send[];
  readonly upstream?: UpstreamScript;
  readonly client: ClientExpectation;
  /** 'nothing' = no byte may reach the upstream. */
  readonly seen: UpstreamExpectation | 'nothing' | 'anything';
  /** Where bearerd does on purpose what the RFC does not ask for, or not what it asks for: why. */
  readonly onPurpose?: string;
}

/** A head from its lines. */
export function head(...lines: readonly string[]): string {
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A GET for a path, with more header lines. */
export function get(path: string, ...lines: readonly string[]): string {
  return head(`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines);
}

/** A request with a body and its Content-Length. */
export function withBody(method: string, path: string, body: string, ...lines: readonly string[]): string {
  return head(`${method} ${path} HTTP/1.1`, 'Host: localhost', ...lines, `Content-Length: ${body.length}`) + body;
}

/** A POST in chunks: the raw chunk bytes are given. */
export function chunked(path: string, bytes: string, ...lines: readonly string[]): string {
  return head(`POST ${path} HTTP/1.1`, 'Host: localhost', ...lines, 'Transfer-Encoding: chunked') + bytes;
}

/** What the upstream answers where a case does not say. */
export const plainAnswer: string = `${head('HTTP/1.1 200 OK', 'X-Up: yes', 'Content-Length: 2')}ok`;

/** An upstream that answers each request with these bytes. */
export function answering(...acts: readonly Act[]): UpstreamScript {
  return { answers: [acts] };
}

/** The client gets the plain answer. */
export const served: ClientExpectation = { status: [200], body: 'ok' };

/** The client is told that its request is bad, in a complete answer. */
export function refused(...statuses: readonly number[]): ClientExpectation {
  return { status: [statuses], never: [/token1/] };
}
