import { type Attempt, answered, attempt, never, noHost, webSocket } from './attempt.ts';

/** Names of the attempts below, for the control run that allows them. */
export const foreignHosts: readonly string[] = [
  ...['evil.example', 'localhost.evil.example', 'evil-localhost', '127.0.0.1.nip.io', '0.0.0.0', '127.1', '2130706433'],
  ...['0x7f000001', '[::ffff:7f00:1]', '[::]', 'localhost..', 'localhost,evil.example'],
];

/** Hosts: rebinding and its relatives. */
export const hostAttempts: readonly Attempt[] = [
  attempt('threat 1, Ollama CVE-2024-28224: a name that resolves to loopback', 'GET /x', 'Host: evil.example'),
  attempt('threat 1, MCP Inspector CVE-2025-49596: the same with a port', 'POST /x', 'Host: evil.example:8080'),
  attempt('threat 1, MCP SDK CVE-2025-66414: a public name of 127.0.0.1', 'GET /x', 'Host: 127.0.0.1.nip.io'),
  attempt(
    'http-proxy-middleware CVE-2026-55602: an allowed name as first label',
    'GET /x',
    'Host: localhost.evil.example',
  ),
  attempt('http-proxy-middleware CVE-2026-55602: an allowed name at the end', 'GET /x', 'Host: evil-localhost'),
  attempt('threat 1: the address of no host in particular', 'GET /x', 'Host: 0.0.0.0:8080'),
  attempt('threat 1: a short spelling of the address', 'GET /x', 'Host: 127.1'),
  attempt('threat 1: the address as a number', 'GET /x', 'Host: 2130706433'),
  attempt('threat 1: the address in hexadecimal', 'GET /x', 'Host: 0x7f000001'),
  attempt('threat 1: the address within IPv6', 'GET /x', 'Host: [::ffff:127.0.0.1]:8080'),
  attempt('threat 1: the IPv6 address of no host in particular', 'GET /x', 'Host: [::]'),
  attempt('threat 1: two trailing dots', 'GET /x', 'Host: localhost..'),
  attempt('threat 1: two names in one', 'GET /x', 'Host: localhost,evil.example'),
  attempt(
    'fastify CVE-2026-3635: X-Forwarded-Host says otherwise',
    'GET /x',
    'Host: evil.example',
    'X-Forwarded-Host: localhost',
  ),
  attempt('RFC 7239: Forwarded says otherwise', 'GET /x', 'Host: evil.example', 'Forwarded: host=localhost'),
  attempt('threat 1: by HTTP/1.0', 'GET /x HTTP/1.0', 'Host: evil.example'),
  attempt('Next.js GHSA-c4j6-fc7j-m34r: by a WebSocket handshake', 'GET /x', 'Host: evil.example', ...webSocket),
  attempt(
    'threat 1: by an upgrade to something else',
    'GET /x',
    'Host: evil.example',
    'Connection: Upgrade, close',
    'Upgrade: h2c',
  ),
  attempt('threat 10, undici GHSA-8qr4-xgw6-wmr3: absolute-form, foreign authority', 'GET http://evil.example/x'),
  never('threat 10: absolute-form with a user part', 'GET http://localhost@evil.example/x'),
  never('threat 10: absolute-form with a backslash', 'GET http://evil.example\\@localhost/x'),
  never('threat 10: absolute-form of https', 'GET https://localhost/x'),
  never('threat 10: no path at all', 'GET @evil.example/x'),
  never('threat 10: authority-form', 'GET evil.example:443'),
  never('threat 10: CONNECT', 'CONNECT evil.example:443'),
  never('threat 12, H26: TRACE would reflect the token', 'TRACE /x'),
  never('webpack-dev-server CVE-2026-14631: a malformed Host', 'GET /x', 'Host: [::1'),
  never('threat 1: a Host with a user part', 'GET /x', 'Host: localhost@evil.example'),
  never('threat 1: a Host with a path', 'GET /x', 'Host: localhost/x'),
  never('H08: two Hosts', 'GET /x', 'Host: localhost', 'Host: evil.example'),
  never('H09: an empty Host', 'GET /x', 'Host: '),
  never('H07: no Host', 'GET /x', noHost),
  never('llhttp CVE-2022-35256: a space before the colon', 'GET /x', 'Host : localhost'),
  never('threat 11: the preface of HTTP/2', 'PRI * HTTP/2.0'),
  never('threat 11: two framings', 'POST /x', 'Content-Length: 0', 'Transfer-Encoding: chunked'),
];

/** Origins of the attempts below, for the control run that allows them. */
export const foreignOrigins: readonly string[] = [
  ...[
    'https://evil.example',
    'null',
    'http://localhost:3000',
    'https://localhost',
    'http://localhost.evil.example',
    '',
  ],
  ...['file://', 'chrome-extension://abcdefgh', 'http://localhost@evil.example', 'http://LOCALHOST.evil.example:80'],
];

const evil = 'Origin: https://evil.example';

/** Web pages of other origins. */
export const originAttempts: readonly Attempt[] = [
  attempt('threat 2, Vite GHSA-vg6x-rcgg-rjx6: a page reads', 'GET /x', evil),
  attempt('threat 2: a simple POST of a page', 'POST /x', evil, 'Content-Type: text/plain', 'Content-Length: 0'),
  attempt('threat 2: a form', 'POST /x', evil, 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 0'),
  attempt('threat 2: a sandboxed frame', 'POST /x', 'Origin: null', 'Content-Length: 0'),
  attempt('threat 2: an empty Origin', 'GET /x', 'Origin: '),
  attempt('threat 2: another port of localhost', 'GET /x', 'Origin: http://localhost:3000'),
  attempt('threat 2: another scheme', 'GET /x', 'Origin: https://localhost'),
  attempt('threat 2: the own name as first label', 'GET /x', 'Origin: http://localhost.evil.example'),
  attempt('threat 2: the own name as user part', 'GET /x', 'Origin: http://localhost@evil.example'),
  attempt('threat 2: in capitals', 'GET /x', 'ORIGIN: http://LOCALHOST.evil.example:80'),
  attempt('threat 2: a file', 'GET /x', 'Origin: file://'),
  attempt('threat 2: an extension', 'GET /x', 'Origin: chrome-extension://abcdefgh'),
  attempt('threat 2: an event stream', 'GET /x', evil, 'Accept: text/event-stream'),
  attempt('threat 2: same-origin by its own word only', 'GET /x', evil, 'Sec-Fetch-Site: same-origin'),
  attempt('threat 4, CVE-2026-14631: a WebSocket of a page', 'GET /x', evil, ...webSocket),
  attempt('threat 4: a WebSocket of a sandboxed frame', 'GET /x', 'Origin: null', ...webSocket),
  answered('threat 3: a preflight', 'OPTIONS /x', evil, 'Access-Control-Request-Method: PUT'),
  answered(
    'threat 3: a preflight for private networks',
    'OPTIONS /x',
    evil,
    'Access-Control-Request-Method: GET',
    'Access-Control-Request-Private-Network: true',
  ),
  never('RFC 6454 §7.3: two Origins', 'GET /x', 'Origin: http://localhost', evil),
  never('threat 2, H12: an image', 'GET /x', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors'),
  never('threat 2, H13: a link', 'GET /x', 'Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate'),
  never('threat 2, H14: an image of another port', 'GET /x', 'Sec-Fetch-Site: same-site'),
  never('threat 2: in capitals', 'GET /x', 'SEC-FETCH-SITE: CROSS-SITE'),
  never('threat 2: two values', 'GET /x', 'Sec-Fetch-Site: none', 'Sec-Fetch-Site: cross-site'),
  never('threat 4: a WebSocket without Origin', 'GET /x', 'Sec-Fetch-Site: cross-site', ...webSocket),
];

/** The local key of the attempts below. */
export const localKey = 'kO2Jf83jfLq0';

/** Callers without the local key (threat 6). */
export const keyAttempts: readonly Attempt[] = [
  attempt('threat 6: no key', 'GET /x'),
  attempt('threat 6: an empty one', 'GET /x', 'Bearerd-Key: '),
  attempt('threat 6: a part of it', 'GET /x', `Bearerd-Key: ${localKey.slice(0, -1)}`),
  attempt('threat 6: more than it', 'GET /x', `Bearerd-Key: ${localKey}0`),
  attempt('threat 6: in small letters', 'GET /x', `Bearerd-Key: ${localKey.toLowerCase()}`),
  attempt('Envoy CVE-2022-29226: any key that is there', 'GET /x', 'Bearerd-Key: true'),
  attempt('threat 6: twice', 'GET /x', 'Bearerd-Key: x', `Bearerd-Key: ${localKey}`),
  attempt('oauth2-proxy CVE-2025-64484: with an underscore', 'GET /x', `Bearerd_Key: ${localKey}`),
  attempt('threat 6: in the query', `GET /x?Bearerd-Key=${localKey}`),
  attempt('threat 6: as a cookie', 'GET /x', `Cookie: Bearerd-Key=${localKey}`),
  attempt('threat 6: as Authorization', 'GET /x', `Authorization: Bearer ${localKey}`),
  attempt('reply-from 12.6.2: named by Connection', 'GET /x', 'Connection: Bearerd-Key, close'),
  attempt('threat 6: by a WebSocket handshake', 'GET /x', ...webSocket),
];
