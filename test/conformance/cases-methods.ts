import { answering, type Case, head, served, withBody } from './case.ts';

/** A method with a body, which goes through as it is. */
function method(id: string, name: string, source: string): Case {
  return {
    id,
    title: `${name} with a body`,
    source,
    send: [withBody(name, '/a', '<x/>', 'Depth: 1')],
    client: served,
    seen: {
      requests: 1,
      line: `${name} /a HTTP/1.1`,
      body: '<x/>',
      head: [/^Depth: 1$/m, /^Authorization: Bearer token1$/im],
    },
  };
}

/** The method of the request. */
export const methodCases: readonly Case[] = [
  method('M01', 'PUT', 'RFC 9110 §9.3.4'),
  method('M02', 'PATCH', 'RFC 5789 §2'),
  method('M03', 'OPTIONS', 'RFC 9110 §9.3.7'),
  method('M04', 'PROPFIND', 'RFC 4918 §9.1'),
  method('M05', 'REPORT', 'RFC 3253 §3.6'),
  method('M06', 'SEARCH', 'RFC 5323 §2'),
  method('M07', 'MKCALENDAR', 'RFC 4791 §5.3.1'),
  method('M08', 'LOCK', 'RFC 4918 §9.10'),
  method('M09', 'M-SEARCH', 'RFC 9110 §9.1: any token'),
  method('M10', 'PURGE', 'RFC 9110 §9.1: any token'),
  {
    id: 'M11',
    title: 'HEAD: the Content-Length of GET, no body',
    source: 'RFC 9110 §9.3.2',
    send: [head('HEAD /a HTTP/1.1', 'Host: localhost')],
    upstream: answering(head('HTTP/1.1 200 OK', 'Content-Length: 12345', 'ETag: "x"')),
    client: { status: [200], body: '', head: [/^Content-Length: 12345$/m, /^ETag: "x"$/m], connection: 'open' },
    seen: { line: 'HEAD /a HTTP/1.1' },
  },
  {
    id: 'M12',
    title: 'HEAD without Content-Length gets none',
    source: 'RFC 9110 §8.6',
    send: [head('HEAD /a HTTP/1.1', 'Host: localhost')],
    upstream: answering(head('HTTP/1.1 200 OK')),
    client: { status: [200], body: '', never: [/content-length/i] },
    seen: {},
  },
  {
    id: 'M13',
    title: 'two HEADs on one connection',
    source: 'RFC 9112 §6.3',
    send: [
      head('HEAD /1 HTTP/1.1', 'Host: localhost'),
      { until: /200 OK/ },
      head('HEAD /2 HTTP/1.1', 'Host: localhost'),
    ],
    upstream: answering(head('HTTP/1.1 200 OK', 'Content-Length: 5')),
    client: { status: [200, 200], body: '', connection: 'open' },
    seen: { requests: 2, line: 'HEAD /2 HTTP/1.1' },
  },
  {
    id: 'M14',
    title: 'a 405 of the upstream keeps its Allow',
    source: 'RFC 9110 §15.5.6',
    send: [withBody('POST', '/a', 'x')],
    upstream: answering(head('HTTP/1.1 405 Method Not Allowed', 'Allow: GET', 'Content-Length: 0')),
    client: { status: [405], head: [/^Allow: GET$/m] },
    seen: {},
  },
];
