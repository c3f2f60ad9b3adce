/** Numbers from 0 (inclusive) to 1 that depend on the seed alone (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Pieces on which HTTP parsers have stumbled before. */
const oddities: readonly string[] = [
  ...['\r', '\n', '\r\n', '\r\n\r\n', '\0', ' ', '\t', ':', ',', ';', '"', '\\', '\xff', '\x7f', '\x0b'],
  ...['chunked', 'identity', '0\r\n\r\n', '5\r\nhello\r\n', 'ffffffffffffffff', '-1', '0x10', '1e3', '+5'],
  ...['Content-Length: 5\r\n', 'Content-Length: 0\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n'],
  ...[
    'Connection: Upgrade\r\nUpgrade: websocket\r\n',
    'Upgrade: h2c\r\n',
    'Expect: 100-continue\r\n',
    'Trailer: X\r\n',
  ],
  ...['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'],
  ...['GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n', '/../', '%2e%2e/', 'http://localhost', '*', '#', '\r\n folded'],
];

/** Changes a message in 1 to 4 places: bytes flipped, taken out, doubled, exchanged, or an oddity put in. */
export function mutated(message: string, random: () => number): string {
  let text = message;
  const times = 1 + Math.floor(random() * 4);
  for (let i = 0; i < times; i += 1) text = once(text, random);
  return text;
}

function once(text: string, random: () => number): string {
  const at = Math.floor(random() * (text.length + 1));
  const length = 1 + Math.floor(random() ** 3 * 40);
  const [before, piece, after] = [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
  switch (Math.floor(random() * 8)) {
    case 0:
      return before + String.fromCharCode(Math.floor(random() * 256)) + text.slice(at + 1);
    case 1:
      return before + after;
    case 2:
      return before + piece + piece + after;
    case 3:
      return text.slice(0, at);
    case 4:
      return after + before;
    case 5:
      return before + piece.toUpperCase().split('').reverse().join('') + after;
    default:
      return before + (oddities[Math.floor(random() * oddities.length)] ?? '') + text.slice(at);
  }
}
