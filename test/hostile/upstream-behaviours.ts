import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { answers, chunk, drips, floods, type Misbehaviour, says } from '../support/hostile-server.ts';

/** What a malicious upstream does, and what its caller gets: a status of the upstream's or a code of bearerd's own. */
export interface HostileUpstream {
  readonly does: Misbehaviour;
  readonly gets: number | string;
  /** The answer has no end: it breaks off, or the caller leaves. */
  readonly cut?: true;
  /** The same when the fault comes together with the head: there is time for a whole answer then. */
  readonly atOnce?: string;
  /** What ends it is a time-out. */
  readonly slow?: true;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;
const unauthorized = '401 Unauthorized';
const protocol = 'BEARERD_UPSTREAM_PROTOCOL';
const terminated = 'BEARERD_UPSTREAM_TERMINATED';
const zeros = Buffer.alloc(30 * 1024 * 1024);
const refusal = (code: string) => JSON.stringify({ errorCode: code, userMessage: 'no' });

/** By name, which is also the path. */
export const hostileUpstreams: Readonly<Record<string, HostileUpstream>> = {
  // somewhere else
  'redirect-307': { does: answers('307 Over there\r\nLocation: THIRD/x'), gets: 307 },
  'redirect-without-scheme': { does: answers('302 Found\r\nLocation: //evil.example/x'), gets: 302 },
  'redirect-with-401': { does: answers(`${unauthorized}\r\nLocation: THIRD/x\r\nRefresh: 0; url=THIRD/y`), gets: 401 },
  'challenge-of-a-third': {
    does: answers(`${unauthorized}\r\nWWW-Authenticate: Bearer resource_metadata="THIRD/x", as_uri="THIRD/token"`),
    gets: 401,
  },
  'early-hints-of-a-third': {
    does: says('HTTP/1.1 103 Early Hints\r\nLink: <THIRD/a.js>; rel=preload\r\n\r\nHTTP/1.1 204 No\r\n\r\n'),
    gets: 204,
  },
  'alt-svc': { does: answers('200 OK\r\nAlt-Svc: h2="THIRD"; persist=1\r\nRefresh: 0; url=THIRD'), gets: 200 },
  'use-proxy': { does: answers('305 Use Proxy\r\nLocation: THIRD'), gets: 305 },
  // never an end
  silent: { does: () => {}, gets: 'BEARERD_UPSTREAM_RESPONSE_TIMEOUT', slow: true },
  'dripping-head': { does: drips(ok, 'X-A: b\r\n'), gets: 'BEARERD_UPSTREAM_RESPONSE_TIMEOUT', slow: true },
  'dripping-status-line': { does: drips('HTTP/1.1 200 ', 'O'), gets: 'BEARERD_UPSTREAM_RESPONSE_TIMEOUT', slow: true },
  'endless-hints': {
    does: drips('', 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'),
    gets: 'BEARERD_UPSTREAM_RESPONSE_TIMEOUT',
    slow: true,
  },
  'flood-of-hints': { does: floods('', 'HTTP/1.1 103 Early Hints\r\nX-A: b\r\n\r\n'.repeat(100)), gets: protocol },
  'flood-of-processing': { does: floods('', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)), gets: protocol },
  'dripping-body': { does: drips(chunked, chunk('x')), gets: 200, cut: true, slow: true },
  'flood-of-chunks': { does: floods(chunked, chunk('x'.repeat(60_000))), gets: 200, cut: true },
  'flood-of-empty-lines': {
    does: floods('', '\r\n'.repeat(10_000)),
    gets: protocol,
  },
  'flood-of-fields': { does: floods(ok, `X-A: ${'b'.repeat(1000)}\r\n`), gets: protocol },
  'flood-of-short-fields': { does: floods(ok, 'a:\r\n'.repeat(1000)), gets: protocol },
  'flood-in-one-field': { does: floods(`${ok}X-A: `, 'b'.repeat(10_000)), gets: protocol },
  'flood-of-chunk-extensions': {
    does: floods(`${chunked}1;a=`, 'b'.repeat(10_000)),
    gets: 200,
    cut: true,
    atOnce: protocol,
  },
  'flood-of-trailers': {
    does: floods(`${chunked}0\r\n`, `X-A: ${'b'.repeat(1000)}\r\n`),
    gets: 200,
    cut: true,
    atOnce: protocol,
  },
  // lies about the length
  'longer-than-it-is': { does: says(`${ok}Content-Length: 1000\r\n\r\nx`, 'ends'), gets: 200, cut: true },
  'shorter-than-it-is': { does: says(`${ok}Content-Length: 1\r\n\r\nx${ok}Content-Length: 0\r\n\r\n`), gets: 200 },
  'giant-length': { does: says(`${ok}Content-Length: 99999999999999999999\r\n\r\nx`), gets: protocol },
  'two-lengths': { does: says(`${ok}Content-Length: 1\r\ncontent-length: 2\r\n\r\nxy`), gets: protocol },
  'length-and-chunks': {
    does: says(`${ok}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
    gets: protocol,
  },
  'giant-chunk': { does: says(`${chunked}ffffffffffffffffff\r\nx`), gets: protocol },
  'negative-chunk': { does: says(`${chunked}-1\r\nx`), gets: protocol },
  'chunk-longer-than-it-says': { does: says(`${chunked}1\r\nxxxx\r\n0\r\n\r\n`), gets: protocol },
  'other-coding': { does: says(`${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`), gets: protocol },
  'body-with-204': { does: says(`HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nhello`), gets: 204 },
  // bytes that are none of HTTP's
  'bare-cr': { does: says(`${ok}X-A: b\rX-Evil: c\r\nContent-Length: 0\r\n\r\n`), gets: protocol },
  'folded-field': { does: says(`${ok}X-A: b\r\n X-Evil: c\r\nContent-Length: 0\r\n\r\n`), gets: protocol },
  'nul-in-field': { does: says(`${ok}X-A: b\0c\r\nContent-Length: 0\r\n\r\n`), gets: protocol },
  'control-in-reason': { does: says('HTTP/1.1 200 \x1b[2J\x07\r\nContent-Length: 0\r\n\r\n'), gets: 200 },
  'no-such-status': { does: says('HTTP/1.1 999 Huh\r\nContent-Length: 0\r\n\r\n'), gets: 999 },
  'status-of-nothing': { does: says('HTTP/1.1 000 Huh\r\nContent-Length: 0\r\n\r\n'), gets: protocol },
  'other-version': { does: says('HTTP/3.7 200 OK\r\nContent-Length: 0\r\n\r\n'), gets: protocol },
  'other-protocol': { does: says('220 smtp.example ESMTP\r\n'), gets: protocol },
  'unasked-101': { does: says('HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'), gets: protocol },
  'unasked-100': { does: says(`HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 0\r\n\r\n`), gets: 200 },
  'reset-in-head': { does: says(`${ok}X-A: b`, 'resets'), gets: terminated },
  'reset-in-body': { does: says(`${chunked}5\r\nhel`, 'resets'), gets: 200, cut: true },
  'forged-hop-by-hop': {
    does: answers('200 OK\r\nConnection: x-a, content-length\r\nX-A: b\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c'),
    gets: 200,
  },
  'blanks-without-end': { does: answers(`200 OK\r\nX-A: b${' '.repeat(15_000)}b `), gets: 200 },
  'cookies-without-end': { does: answers(`200 OK\r\n${'Set-Cookie: a=b\r\n'.repeat(500)}X-A: b`), gets: 200 },
  // 401 answers, which are looked into
  'bomb-gzip': { does: answers(`${unauthorized}\r\nContent-Encoding: gzip`, gzipSync(zeros)), gets: 401 },
  'bomb-deflate': { does: answers(`${unauthorized}\r\nContent-Encoding: deflate`, deflateSync(zeros)), gets: 401 },
  'bomb-brotli': { does: answers(`${unauthorized}\r\nContent-Encoding: br`, brotliCompressSync(zeros)), gets: 401 },
  'not-gzip-at-all': { does: answers(`${unauthorized}\r\nContent-Encoding: gzip`, refusal('expiredToken')), gets: 401 },
  'codings-without-end': {
    does: answers(`${unauthorized}\r\nContent-Encoding: ${'gzip, '.repeat(1000)}gzip`, refusal('expiredToken')),
    gets: 401,
  },
  'flood-with-401': { does: floods(`HTTP/1.1 ${unauthorized}\r\n\r\n`, 'x'.repeat(60_000)), gets: 401, cut: true },
  'nested-with-401': { does: answers(unauthorized, '['.repeat(60_000)), gets: 401 },
  'prototype-with-401': { does: answers(unauthorized, '{"__proto__":{"errorCode":"expiredToken"}}'), gets: 401 },
  'page-with-401': {
    does: answers(`${unauthorized}\r\nContent-Type: text/html`, '<script>alert(1)</script>'),
    gets: 401,
  },
  'challenges-without-end': {
    does: answers(
      `${unauthorized}\r\n${'WWW-Authenticate: Bearer error="'.concat('\\"'.repeat(200), '\r\n').repeat(30)}X-A: b`,
    ),
    gets: 401,
  },
  'expired-for-ever': {
    does: answers(unauthorized, refusal('expiredToken'), 'waits'),
    gets: 'BEARERD_TOKEN_EXPIRED',
  },
  'half-tokens-without-end': {
    does: answers(unauthorized, JSON.stringify({ errorCode: 'malformedToken', userMessage: 'eyJ'.repeat(20_000) })),
    gets: 'BEARERD_TOKEN_MALFORMED',
  },
  'controls-in-code': { does: answers(unauthorized, refusal('\r\n\x1b[2Jexpired\0Token')), gets: 401 },
};
