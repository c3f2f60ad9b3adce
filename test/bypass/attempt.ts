/** One attempt to use the proxy past its guard or past a route's policy. */
export interface Attempt {
  /** The threat (number of the threat model) or the advisory that it comes from. */
  readonly from: string;
  /** The request line; without a version it is HTTP/1.1. */
  readonly line: string;
  /** Field lines; without a Host among them `Host: localhost` stands in front. */
  readonly fields: readonly string[];
  /**
   * What the same bytes do where the guard or policy is relaxed: arrive = they reach the upstream; never = no option lets
   * them through; answered = bearerd answers them itself.
   */
  readonly relaxed: 'arrive' | 'never' | 'answered';
}

/** An attempt that works where the guard is relaxed. */
export function attempt(from: string, line: string, ...fields: readonly string[]): Attempt {
  return { from, line, fields, relaxed: 'arrive' };
}

/** An attempt that no option lets through. */
export function never(from: string, line: string, ...fields: readonly string[]): Attempt {
  return { from, line, fields, relaxed: 'never' };
}

/** An attempt that bearerd answers itself where it is relaxed. */
export function answered(from: string, line: string, ...fields: readonly string[]): Attempt {
  return { from, line, fields, relaxed: 'answered' };
}

/** The field lines of a WebSocket handshake. */
export const webSocket: readonly string[] = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** In place of a Host field: there is none. */
export const noHost = '';

/** The bytes of an attempt; the connection ends behind it. */
export function bytesOf({ line, fields }: Attempt): string {
  const named = fields.some((field) => field === noHost || /^host\b/i.test(field));
  const lines = [/ HTTP\/\d/.test(line) ? line : `${line} HTTP/1.1`, ...(named ? [] : ['Host: localhost'])];
  const ends = fields.some((field) => field.startsWith('Connection: ')) ? [] : ['Connection: close'];
  return `${[...lines, ...fields.filter((field) => field !== noHost), ...ends].join('\r\n')}\r\n\r\n`;
}
