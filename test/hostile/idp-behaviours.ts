import { brotliCompressSync, gzipSync } from 'node:zlib';
import { answers, chunk, drips, floods, type Misbehaviour, says } from '../support/hostile-server.ts';

/** What a malicious identity provider does, what the caller gets, and words of the explanation. */
export interface HostileIdp {
  readonly does: Misbehaviour;
  readonly gets: 200 | 'BEARERD_TOKEN_UNAVAILABLE' | 'BEARERD_TOKEN_REFUSED';
  readonly words?: RegExp;
  /** What ends it is a time-out. */
  readonly slow?: true;
}

const json = '200 OK\r\nContent-Type: application/json';
const chunked = `HTTP/1.1 ${json}\r\nTransfer-Encoding: chunked\r\n\r\n`;
const good = '{"access_token":"a-token-that-is-fine","expires_in":300}';
const zeros = Buffer.alloc(30 * 1024 * 1024);

function transient(does: Misbehaviour, words?: RegExp): HostileIdp {
  return { does, gets: 'BEARERD_TOKEN_UNAVAILABLE', ...(words === undefined ? {} : { words }) };
}

/** Without an end, until the time for the token request is over. */
function endless(does: Misbehaviour): HostileIdp {
  return { ...transient(does, /not answered within 0\.8 s/), slow: true };
}

function permanent(does: Misbehaviour, words?: RegExp): HostileIdp {
  return { does, gets: 'BEARERD_TOKEN_REFUSED', ...(words === undefined ? {} : { words }) };
}

/** The token of a 200. */
function token(value: unknown, more: object = {}): Misbehaviour {
  return answers(json, JSON.stringify({ access_token: value, expires_in: 300, ...more }));
}

/** Layers of gzip, each around the one before. */
function nested(text: string, layers: number): Buffer {
  let bytes: Buffer = Buffer.from(text);
  for (let i = 0; i < layers; i += 1) bytes = gzipSync(bytes, { level: 1 });
  return bytes;
}

const badCharacters = /characters that cannot be in a header/;
const tooLong = /longer than 1048576 bytes/;
const lost = /closed the connection/;
const notHttp = /not HTTP/;

/** By name, which is also the path of the token endpoint. */
export const hostileIdps: Readonly<Record<string, HostileIdp>> = {
  // somewhere else
  'redirect-307': permanent(answers('307 Over there\r\nLocation: THIRD/token'), /redirect.*not followed/),
  'redirect-308': permanent(answers('308 For ever\r\nLocation: THIRD/token'), /redirect.*not followed/),
  'redirect-303': permanent(answers('303 See\r\nLocation: //evil.example/token', good), /redirect.*not followed/),
  'redirect-to-controls': transient(answers('302 Found\r\nLocation: \x07THIRD', good), notHttp),
  'redirect-in-a-page': transient(
    answers('200 OK\r\nRefresh: 0; url=THIRD', '<meta http-equiv=refresh content="0;url=THIRD">'),
  ),
  'hints-of-a-third': {
    does: says(
      `HTTP/1.1 103 Hints\r\nLink: <THIRD/a>; rel=preload\r\n\r\nHTTP/1.1 ${json}\r\nContent-Length: ${good.length}\r\n\r\n${good}`,
    ),
    gets: 200,
  },
  // never an end
  silent: endless(() => {}),
  'dripping-head': endless(drips(`HTTP/1.1 ${json}\r\n`, 'X-A: b\r\n')),
  'dripping-body': endless(drips(chunked, chunk(' '))),
  'endless-hints': endless(drips('', 'HTTP/1.1 103 Hints\r\nX-A: b\r\n\r\n')),
  'flood-of-hints': endless(floods('', 'HTTP/1.1 103 Hints\r\nX-A: b\r\n\r\n'.repeat(100))),
  'flood-of-chunks': transient(floods(chunked, chunk(' '.repeat(60_000))), tooLong),
  'flood-of-bytes': transient(floods(`HTTP/1.1 ${json}\r\n\r\n`, ' '.repeat(60_000)), tooLong),
  'flood-of-fields': transient(floods(`HTTP/1.1 ${json}\r\n`, `X-A: ${'b'.repeat(1000)}\r\n`), /too large|not HTTP/),
  'flood-of-chunk-extensions': transient(floods(`${chunked}1;a=`, 'b'.repeat(10_000)), notHttp),
  'flood-of-trailers': transient(floods(`${chunked}0\r\n`, `X-A: ${'b'.repeat(1000)}\r\n`)),
  'flood-with-400': permanent(floods('HTTP/1.1 400 Bad\r\n\r\n', 'x'.repeat(60_000)), /answered 400/),
  // lies about the length
  'longer-than-it-is': transient(says(`HTTP/1.1 ${json}\r\nContent-Length: 1000\r\n\r\n${good}`, 'ends'), lost),
  'shorter-than-it-is': transient(
    says(`HTTP/1.1 ${json}\r\nContent-Length: 9\r\n\r\n${good}`, 'ends'),
    /not a JSON object/,
  ),
  'two-lengths': transient(
    says(`HTTP/1.1 ${json}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n${good}`),
    /closed|not HTTP/,
  ),
  'length-and-chunks': transient(says(`${chunked.trimEnd()}\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`), notHttp),
  'negative-chunk': transient(says(`${chunked}-1\r\n${good}`), notHttp),
  'reset-in-body': transient(says(`${chunked}ff\r\n{`, 'resets'), lost),
  // compression
  'bomb-gzip': transient(answers(`${json}\r\nContent-Encoding: gzip`, gzipSync(zeros)), tooLong),
  'bomb-brotli': transient(answers(`${json}\r\nContent-Encoding: br`, brotliCompressSync(zeros)), tooLong),
  'bomb-with-401': permanent(answers('401 No\r\nContent-Encoding: gzip', gzipSync(zeros)), /401.*longer than/),
  'codings-without-end': transient(
    answers(`${json}\r\nContent-Encoding: ${'gzip, '.repeat(49)}gzip`, nested(good, 50)),
    /more content encodings/,
  ),
  'unknown-coding': transient(answers(`${json}\r\nContent-Encoding: \x22evil\x22`, good), /unknown content encoding/),
  'not-gzip-at-all': transient(answers(`${json}\r\nContent-Encoding: gzip`, good), /not valid gzip/),
  // tokens that would do harm
  'line-break-in-token': permanent(token('a\r\nX-Evil: 1'), badCharacters),
  'nul-in-token': permanent(token('a\0b'), badCharacters),
  'space-in-token': permanent(token('a b'), badCharacters),
  'letters-of-elsewhere-in-token': permanent(token('tökén'), badCharacters),
  'token-without-end': permanent(token('a'.repeat(200_000)), /longer than/),
  'token-that-is-an-object': permanent(token({ toString: 'x' }), /not a string/),
  'token-by-prototype': permanent(answers(json, '{"__proto__":{"access_token":"a-token"}}'), /missing/),
  'type-with-controls': permanent(token('a-token', { token_type: 'x\r\n\x1b[2J' }), /token type/),
  'life-of-nonsense': { does: token('a-token', { expires_in: -1e308, expires_on: '∞', exp: {} }), gets: 200 },
  'two-tokens': { does: answers(json, '{"access_token":"one","access_token":"two","expires_in":300}'), gets: 200 },
  'jwt-of-nonsense': { does: token(`${'A'.repeat(100)}.${'/'.repeat(100)}.x`), gets: 200 },
  // bodies and heads of nonsense
  'nested-without-end': transient(answers(json, '['.repeat(500_000)), /not a JSON object/),
  'page-with-200': transient(answers('200 OK\r\nContent-Type: text/html', '<h1>Hi</h1><script>x()</script>'), /HTML/),
  'page-without-end': permanent(answers('403 No\r\nContent-Type: text/html', '<p '.repeat(300_000)), /answered 403/),
  'utf-16': transient(answers(json, Buffer.from(`\ufeff${good}`, 'utf16le')), /not a JSON object/),
  'controls-in-error': permanent(
    answers(
      '400 Bad',
      JSON.stringify({ error: 'x\r\n\x1b[31m', error_description: '\x1b]0;pwned\x07\r\nSet-Cookie: a=b\u2028\u202e' }),
    ),
    /answered 400/,
  ),
  'error-without-end': permanent(answers('400 Bad', JSON.stringify({ error: 'a'.repeat(500_000) })), /answered 400/),
  'half-tokens-without-end': permanent(
    answers('400 Bad', JSON.stringify({ error: 'x', error_description: 'eyJ'.repeat(300_000) })),
    /‹token›/,
  ),
  'retry-after-for-ever': transient(answers('503 Later\r\nRetry-After: 99999999999999999999'), /answered 503/),
  'folded-field': transient(says(`HTTP/1.1 ${json}\r\nX-A: b\r\n c: d\r\n\r\n`), notHttp),
  'nul-in-field': transient(says(`HTTP/1.1 ${json}\r\nX-A: b\0\r\n\r\n`), notHttp),
  'other-protocol': transient(says('SSH-2.0-OpenSSH_9.9\r\n'), notHttp),
  'unasked-101': transient(says('HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')),
  'unasked-100': transient(says('HTTP/1.1 100 Continue\r\n\r\n')),
  'status-of-nothing': transient(says('HTTP/1.1 000 Huh\r\nContent-Length: 0\r\n\r\n'), notHttp),
  'cookies-without-end': { does: answers(`${json}\r\n${'Set-Cookie: a=b\r\n'.repeat(500)}X-A: b`, good), gets: 200 },
  'wants-a-password': permanent(
    answers('401 No\r\nWWW-Authenticate: Basic realm="THIRD"', 'who are you'),
    /answered 401/,
  ),
};
