import { BearerdError } from '../../errors.ts';

/** What a request head is made of. */
export interface RequestHead {
  readonly method: string;
  /** Path and query, or `*`, exactly as they go on the wire. */
  readonly target: string;
  /** Of the Host field. */
  readonly authority: string;
  /** Flat: name, value, name, value …; without Host, Connection, Upgrade and Transfer-Encoding, which are made here. */
  readonly fields: readonly string[];
  /** chunked = a body follows whose length no field tells. */
  readonly chunked: boolean;
  /** A WebSocket is asked for. */
  readonly upgrade: boolean;
}

/** Whatever would end a field line early or is no byte: a CR without LF, control characters, anything above 0xff. */
const misplaced = /\r(?!\n)|[^\t\r\n\x20-\x7e\x80-\xff]/;

/**
 * The request line and the header section, as latin1 text (RFC 9112 §3, §5).
 * @throws BearerdError BEARERD_REQUEST_MALFORMED when a part would break the line that it stands in, and so could make two requests of one
 */
export function requestHead({ method, target, authority, fields, chunked, upgrade }: RequestHead): string {
  let head = `${method} ${target} HTTP/1.1\r\nHost: ${authority}\r\n`;
  head += upgrade ? 'Connection: Upgrade\r\nUpgrade: websocket\r\n' : 'Connection: keep-alive\r\n';
  let lines = upgrade ? 5 : 4;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    head += `${fields[i]}: ${fields[i + 1]}\r\n`;
    lines += 1;
  }
  if (chunked) {
    head += 'Transfer-Encoding: chunked\r\n';
    lines += 1;
  }
  head += '\r\n';
  if (misplaced.test(head) || lineEnds(head) !== lines) {
    throw new BearerdError('BEARERD_REQUEST_MALFORMED', 'the request line or a header field has a forbidden character');
  }
  return head;
}

/** One look at the finished head costs a third of one at each of its parts. */
function lineEnds(head: string): number {
  let count = 0;
  for (let at = head.indexOf('\n'); at !== -1; at = head.indexOf('\n', at + 1)) count += 1;
  return count;
}
