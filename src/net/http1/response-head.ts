import { ProtocolError } from './protocol-error.ts';

/** How the end of a response body is found (RFC 9112 §6.3); bytes of a length, 0 for none. */
export type Framing = number | 'chunked' | 'until-close';

/** The head of a response. */
export interface ResponseHead {
  readonly status: number;
  /** Latin1, may be empty. */
  readonly reason: string;
  /** Flat: name, value, name, value … as received, latin1, without white space around the values. */
  readonly fields: readonly string[];
  readonly framing: Framing;
  /** Milliseconds for which the upstream keeps the connection when it is idle, as it says itself; 0 = it closes it, undefined = it does not say. */
  readonly keepAliveMs: number | undefined;
}

/** RFC 9112 §4; nothing but HTTP/1.x has such a line. */
const statusLine = /^HTTP\/1\.([01]) ([0-9]{3})(?: ([^\0\r\n]*))?\r\n/;

/**
 * Field lines as RFC 9112 §5 has them, and nothing else: no white space in front of the colon, no line that continues
 * another (§5.2), no control characters (RFC 9110 §5.5).
 */
const fieldLines = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/;

/**
 * Reads a status line and header section.
 * @param text latin1, up to and with the CRLF of the last field line
 * @param method of the request that is answered
 * @throws ProtocolError when it is malformed, or when it leaves open where the body ends
 */
export function readResponseHead(text: string, method: string): ResponseHead {
  const line = statusLine.exec(text);
  if (line === null) throw new ProtocolError('bad status line');
  const [{ length }, minor, code, reason = ''] = line;
  const status = Number(code);
  if (status < 100) throw new ProtocolError(`bad status ${code}`);
  const fields = readFieldLines(text, length);

  let contentLength: number | undefined;
  let chunked = false;
  let persistent: boolean | undefined;
  let keepAliveMs: number | undefined;
  // the length is looked at first, because most names are another
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (name.length !== 10 && name.length !== 14 && name.length !== 17) continue;
    const value = fields[i + 1] ?? '';
    switch (name.toLowerCase()) {
      case 'connection':
        persistent = staysOpen(value, persistent);
        break;
      case 'keep-alive':
        keepAliveMs = readKeepAlive(value) ?? keepAliveMs;
        break;
      case 'content-length':
        if (contentLength !== undefined) throw new ProtocolError('bad Content-Length: there are two');
        contentLength = readLength(value);
        break;
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked') {
          throw new ProtocolError('bad Transfer-Encoding: only chunked can be taken off');
        }
        chunked = true;
        break;
    }
  }
  // whoever stands behind us may believe the other of the two (RFC 9112 §11.2)
  if (chunked && contentLength !== undefined) throw new ProtocolError('bad head: Content-Length and Transfer-Encoding');
  const framing = framingOf(status, method, chunked, contentLength);
  // a transfer coding in HTTP/1.0 is faulty: RFC 9112 §6.1
  const ends =
    framing === 'until-close' || (minor === '0' && chunked) || mayHaveBody(method, status, chunked, contentLength);
  if (ends || !(persistent ?? minor === '1')) keepAliveMs = 0;
  return { status, reason: printable(reason), fields, framing, keepAliveMs };
}

/** A reason phrase says nothing to programs (RFC 9112 §4), so that a faulty one is no reason to refuse the answer. */
function printable(reason: string): string {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(reason) ? reason : reason.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
}

/**
 * Splits field lines.
 * @param text latin1; each line ends with CRLF
 * @param start where the first line begins
 * @returns flat: name, value, name, value …
 * @throws ProtocolError when one is malformed
 */
export function readFieldLines(text: string, start: number): string[] {
  if (!fieldLines.test(start === 0 ? text : text.slice(start))) throw new ProtocolError('bad header field');
  const fields: string[] = [];
  for (let at = start; at < text.length; ) {
    const colon = text.indexOf(':', at);
    const end = text.indexOf('\r', colon);
    fields.push(text.slice(at, colon), trimmed(text, colon + 1, end));
    at = end + 2;
  }
  return fields;
}

/** Without the white space around it, which is no part of the value (RFC 9112 §5.1). */
function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** RFC 9112 §6.3, in its order. */
function framingOf(status: number, method: string, chunked: boolean, contentLength: number | undefined): Framing {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return 0;
  if (chunked) return 'chunked';
  return contentLength ?? 'until-close';
}

/** Bytes that a faulty upstream sends behind an answer without a body would be taken for the next answer. */
function mayHaveBody(method: string, status: number, chunked: boolean, contentLength = 0): boolean {
  return method === 'HEAD' || (status === 204 && (chunked || contentLength > 0)) || (status === 304 && chunked);
}

function readLength(value: string): number {
  if (!/^[0-9]{1,15}$/.test(value)) throw new ProtocolError('bad Content-Length');
  return Number(value);
}

/** RFC 9112 §9.3: `close` counts before everything else. @param before what another such field has said */
function staysOpen(connection: string, before: boolean | undefined): boolean | undefined {
  if (before === false) return false;
  const options = connection.toLowerCase();
  if (options === 'keep-alive') return true;
  if (options === 'close') return false;
  const all = options.split(',').map((option) => option.trim());
  if (all.includes('close')) return false;
  return all.includes('keep-alive') ? true : before;
}

/** `timeout=5, max=100`: seconds (draft-thomson-hybi-http-timeout); nearly every server says it so. */
function readKeepAlive(value: string): number | undefined {
  const seconds = /(?:^|[,; ])timeout="?([0-9]{1,9})/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
