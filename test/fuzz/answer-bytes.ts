import { mutated, seeded } from './mutate.ts';

/** What one connection of an upstream says, in the pieces in which it arrives. */
export interface AnswerBytes {
  readonly method: 'GET' | 'HEAD';
  /** Latin1. */
  readonly bytes: string;
  /** Where it is cut, ascending. */
  readonly places: readonly number[];
}

const statuses = [
  '200 OK',
  '201 Created',
  '204 No Content',
  '304 Not Modified',
  '404',
  '500 ',
  '599 Gr\xfc\xdfe',
  '999 X',
];
const informations = ['100 Continue', '102 Processing', '103 Early Hints'];
const fields = [
  ...[
    'X-A: 1',
    'x-b:',
    'X-A:again',
    'Set-Cookie: a=b; Path=/',
    'X-Wide: \t spaced \t',
    'X-High: \x80\xff',
    "!#$%&'*+.^_`|~: x",
  ],
  ...[
    'Connection: close',
    'Connection: keep-alive',
    'Keep-Alive: timeout=5',
    'Trailer: X-T',
    'Date: now',
    'X-Colon: a:b',
  ],
];
const extensions = ['', '', '', ';a=b', ';a', ';a="b c"'];

/** The n-th answer of a run, the same for the same seed: three of five are harmed. */
export function answerBytes(seed: number, n: number): AnswerBytes {
  const random = seeded(Math.imul(seed, 1_000_033) + n);
  const method = random() < 0.1 ? 'HEAD' : 'GET';
  const whole = head(informations, random, 0.2) + answer(method, random);
  const bytes = random() < 0.6 ? mutated(whole, random) : whole;
  const places = Array.from({ length: Math.floor(random() * 6) }, () => Math.floor(random() * bytes.length));
  return { method, bytes, places: places.sort((a, b) => a - b) };
}

function answer(method: string, random: () => number): string {
  const line = `HTTP/1.${random() < 0.9 ? 1 : 0} ${pick(statuses, random)}`;
  const none = method === 'HEAD' || / (204|304) /.test(`${line} `);
  const body = text(random);
  const framing = random();
  const length = framing < 0.4 ? [`Content-Length: ${none ? 0 : body.length}`] : [];
  const chunked = framing > 0.4 && framing < 0.8 ? ['Transfer-Encoding: chunked'] : [];
  const lines = [line, ...some(fields, random), ...length, ...chunked, ...some(fields, random)];
  return `${lines.join('\r\n')}\r\n\r\n${none ? '' : chunked.length > 0 ? chunks(body, random) : body}`;
}

function chunks(body: string, random: () => number): string {
  let coded = '';
  for (let at = 0; at < body.length; ) {
    const size = 1 + Math.floor(random() * 20);
    const piece = body.slice(at, at + size);
    coded += `${piece.length.toString(16)}${pick(extensions, random)}\r\n${piece}\r\n`;
    at += size;
  }
  const trailers = random() < 0.3 ? some(fields.slice(0, 7), random) : [];
  return `${coded}0${pick(extensions, random)}\r\n${trailers.map((line) => `${line}\r\n`).join('')}\r\n`;
}

function head(lines: readonly string[], random: () => number, share: number): string {
  let heads = '';
  while (random() < share)
    heads += `HTTP/1.1 ${pick(lines, random)}\r\n${some(fields.slice(0, 7), random)
      .map((line) => `${line}\r\n`)
      .join('')}\r\n`;
  return heads;
}

function text(random: () => number): string {
  const length = Math.floor(random() ** 2 * 80);
  return Array.from({ length }, () =>
    pick(['a', '0', '\r\n', '\n', ';', '\0', '\xff', 'HTTP/1.1 200 OK\r\n\r\n'], random),
  ).join('');
}

function some(lines: readonly string[], random: () => number): string[] {
  return Array.from({ length: Math.floor(random() * 3) }, () => pick(lines, random));
}

function pick(list: readonly string[], random: () => number): string {
  return list[Math.floor(random() * list.length)] ?? '';
}
