import { type Case, head, refused, served } from './case.ts';

function withHosts(id: string, title: string, source: string, lines: readonly string[], ...statuses: number[]): Case {
  const send = [head('GET /a HTTP/1.1', ...lines)];
  return statuses.length === 0
    ? { id, title, source, send, client: served, seen: { line: 'GET /a HTTP/1.1', lacks: [/^host: localhost/im] } }
    : { id, title, source, send, client: refused(...statuses), seen: 'nothing' };
}

function fromPage(id: string, title: string, source: string, lines: readonly string[], ...statuses: number[]): Case {
  return withHosts(id, title, source, ['Host: localhost', ...lines], ...statuses);
}

const listed = 'Origin: http://app.example';

/** Who may call: Host, Origin, Fetch Metadata, CORS. */
export const hostCases: readonly Case[] = [
  withHosts('H01', 'localhost, the upstream gets its own Host', 'RFC 9110 §7.2', ['Host: localhost']),
  withHosts('H02', 'localhost with a port, in other letters', 'RFC 9110 §4.2.3', ['Host: LocalHost:8080']),
  withHosts('H03', '127.0.0.1', 'threat 1', ['Host: 127.0.0.1:8080']),
  withHosts('H04', '[::1]', 'threat 1', ['Host: [::1]:8080']),
  withHosts('H05', 'a trailing dot', 'RFC 3986 §3.2.2', ['Host: localhost.']),
  withHosts('H06', 'no Host', 'RFC 9112 §3.2', [], 400),
  withHosts('H07', 'an empty Host', 'RFC 9112 §3.2; vector H09', ['Host:'], 400),
  withHosts('H08', 'two Hosts', 'RFC 9112 §3.2; vector H08', ['Host: localhost', 'Host: evil.example'], 400),
  withHosts('H09', 'the same Host twice', 'RFC 9112 §3.2', ['Host: localhost', 'Host: localhost'], 400),
  withHosts('H10', 'a Host that is no host', 'RFC 9112 §3.2; vector H10', ['Host: a b/../'], 400),
  withHosts('H11', 'a Host with a user part', 'RFC 9110 §4.2.4', ['Host: localhost@evil.example'], 400),
  withHosts('H12', 'a foreign Host', 'threat 1; CVE-2024-28224', ['Host: evil.example'], 421),
  withHosts('H13', 'a Host that only begins like an allowed one', 'threat 1', ['Host: localhost.evil.example'], 421),
  withHosts('H14', 'a Host that only ends like an allowed one', 'CVE-2026-55602', ['Host: evil-localhost'], 421),
  withHosts('H15', 'a list of Hosts', 'RFC 9112 §3.2', ['Host: localhost, evil.example'], 400),
  withHosts('H16', 'a space before the colon of Host', 'RFC 9112 §5.1', ['Host : localhost'], 400),
  withHosts('H17', 'a port that is no number', 'RFC 9112 §3.2', ['Host: localhost:80a'], 400),
  {
    id: 'H18',
    title: 'HTTP/1.0 without Host',
    source: 'RFC 9112 §3.2; threat 1',
    send: [head('GET /a HTTP/1.0')],
    client: refused(400),
    seen: 'nothing',
    onPurpose: 'HTTP/1.0 need not send a Host, but without one nothing tells a rebound name from localhost (threat 1)',
  },
  {
    id: 'H19',
    title: 'X-Forwarded-Host changes nothing',
    source: 'fastify CVE-2026-3635',
    send: [head('GET /a HTTP/1.1', 'Host: localhost', 'X-Forwarded-Host: evil.example')],
    client: served,
    seen: { lacks: [/^host: (evil|localhost)/im] },
  },
  fromPage('O01', 'a foreign Origin', 'threat 2', ['Origin: http://evil.example'], 403),
  fromPage('O02', 'the Origin null', 'RFC 6454 §7; threat 2', ['Origin: null'], 403),
  fromPage('O03', 'the own origin', 'RFC 6454 §7', ['Origin: http://localhost']),
  fromPage('O04', 'another port of localhost', 'threat 2', ['Origin: http://localhost:3000'], 403),
  fromPage('O05', 'https of the own name is another origin', 'RFC 6454 §4', ['Origin: https://localhost'], 403),
  fromPage('O06', 'two Origins', 'RFC 6454 §7.3', ['Origin: http://localhost', listed], 400),
  fromPage('O07', 'Sec-Fetch-Site: cross-site', 'Fetch Metadata; threat 2', ['Sec-Fetch-Site: cross-site'], 403),
  fromPage('O08', 'Sec-Fetch-Site: same-site', 'Fetch Metadata; threat 2', ['Sec-Fetch-Site: same-site'], 403),
  fromPage('O09', 'Sec-Fetch-Site: same-origin', 'Fetch Metadata', ['Sec-Fetch-Site: same-origin']),
  fromPage('O10', 'Sec-Fetch-Site: none', 'Fetch Metadata', ['Sec-Fetch-Site: none']),
  fromPage('O11', 'a listed Origin, cross-site', 'threat 2', [listed, 'Sec-Fetch-Site: cross-site']),
  {
    id: 'O12',
    title: "a listed Origin gets bearerd's CORS fields in place of the upstream's",
    source: 'threat 3',
    send: [head('GET /a HTTP/1.1', 'Host: localhost', listed)],
    upstream: {
      answers: [[head('HTTP/1.1 200 OK', 'Access-Control-Allow-Origin: *', 'Vary: Accept', 'Content-Length: 0')]],
    },
    client: {
      status: [200],
      head: [/^Access-Control-Allow-Origin: http:\/\/app\.example$/m, /^Vary: Accept$/m, /^Vary: Origin$/m],
      never: [/Allow-Origin: \*/],
    },
    seen: {},
  },
  {
    id: 'O13',
    title: "the upstream's CORS fields open nothing to others",
    source: 'threat 3',
    send: [head('GET /a HTTP/1.1', 'Host: localhost')],
    upstream: {
      answers: [
        [
          head(
            'HTTP/1.1 200 OK',
            'Access-Control-Allow-Origin: *',
            'access-control-allow-private-network: true',
            'Content-Length: 0',
          ),
        ],
      ],
    },
    client: { status: [200], never: [/access-control/i] },
    seen: {},
  },
  {
    id: 'O14',
    title: 'the preflight of a listed origin is answered here',
    source: 'Fetch, CORS-preflight request',
    send: [head('OPTIONS /a HTTP/1.1', 'Host: localhost', listed, 'Access-Control-Request-Method: PUT')],
    client: {
      status: [204],
      head: [/^Access-Control-Allow-Origin: http:\/\/app\.example$/m, /^Access-Control-Allow-Methods: PUT$/m],
      never: [/Allow-Credentials|Private-Network/],
    },
    seen: 'nothing',
  },
  {
    id: 'O15',
    title: 'the preflight of a foreign origin never reaches the upstream',
    source: 'threat 3',
    send: [
      head(
        'OPTIONS /a HTTP/1.1',
        'Host: localhost',
        'Origin: http://evil.example',
        'Access-Control-Request-Method: PUT',
      ),
    ],
    client: { ...refused(403), never: [/access-control-allow/i] },
    seen: 'nothing',
  },
];
