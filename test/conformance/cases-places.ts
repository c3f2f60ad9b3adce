import { type Case, type ClientExpectation, get, head } from './case.ts';

/** `UPSTREAM` in an answer stands for the upstream's origin; the runner puts it in. */
export const upstreamOrigin = 'http://UPSTREAM';

function answered(
  id: string,
  title: string,
  source: string,
  path: string,
  lines: readonly string[],
  client: Partial<ClientExpectation>,
): Case {
  return {
    id,
    title,
    source,
    send: [get(path)],
    upstream: { answers: [[head('HTTP/1.1 201 Created', ...lines, 'Content-Length: 0')]] },
    client: { status: [201], ...client },
    seen: {},
  };
}

/** A field that names a place, as the upstream writes it and as the client must get it. */
function place(id: string, title: string, path: string, field: string, written: string, wanted: string): Case {
  const head = [new RegExp(`^${field}: ${wanted.replace(/[/().*+?^$|[\]\\]/g, '\\$&')}$`, 'm')];
  return answered(id, title, 'interface §4; RFC 9110 §10.2.2', path, [`${field}: ${written}`], { head });
}

function cookie(id: string, title: string, path: string, written: string, wanted: string): Case {
  const head = [new RegExp(`^Set-Cookie: ${wanted.replace(/[/().*+?^$|[\]\\]/g, '\\$&')}$`, 'm')];
  return answered(id, title, 'interface §3 cookies: rewrite; RFC 6265 §4.1.2', path, [`Set-Cookie: ${written}`], {
    head,
  });
}

const local = 'http://localhost';

/** Redirects, links and cookies. */
export const placeCases: readonly Case[] = [
  place('P01', "Location at the upstream's own origin", '/a', 'Location', `${upstreamOrigin}/x?y#z`, `${local}/x?y#z`),
  place('P02', 'Location at a foreign origin', '/a', 'Location', 'https://login.example/x', 'https://login.example/x'),
  place('P03', 'an absolute path', '/a', 'Location', '/x/../y?z', '/x/../y?z'),
  place('P04', 'a relative path', '/a', 'Location', 'x?y', 'x?y'),
  place('P05', 'a network path names another host', '/a', 'Location', '//other.example/x', '//other.example/x'),
  place(
    'P06',
    "an origin that only begins like the upstream's",
    '/a',
    'Location',
    `${upstreamOrigin}0/x`,
    `${upstreamOrigin}0/x`,
  ),
  place(
    'P07',
    'a user part is another authority',
    '/a',
    'Location',
    `${upstreamOrigin}@evil.example/`,
    `${upstreamOrigin}@evil.example/`,
  ),
  place('P08', 'the origin alone', '/a', 'Location', upstreamOrigin, `${local}/`),
  place('P09', 'behind the base path: the prefix', '/p/a', 'Location', `${upstreamOrigin}/base/x`, `${local}/p/x`),
  place('P10', 'an absolute path behind the base path', '/p/a', 'Location', '/base/x', '/p/x'),
  place('P11', 'the base path alone', '/p/a', 'Location', '/base', '/p'),
  place('P12', 'a path outside the base path is left alone', '/p/a', 'Location', '/basement/x', '/basement/x'),
  place('P13', 'Content-Location', '/p/a', 'Content-Location', '/base/x.json', '/p/x.json'),
  place(
    'P14',
    'Link, each target for itself',
    '/p/a',
    'Link',
    `<${upstreamOrigin}/base/2>; rel="next", <https://o.example/>; rel="x,<y>"`,
    `<${local}/p/2>; rel="next", <https://o.example/>; rel="x,<y>"`,
  ),
  place(
    'P15',
    'another field that holds a URL is left alone',
    '/a',
    'Refresh',
    `5; url=${upstreamOrigin}/x`,
    `5; url=${upstreamOrigin}/x`,
  ),
  {
    ...place(
      'P16',
      'an absolute-form request names the local origin',
      '/a',
      'Location',
      `${upstreamOrigin}/x`,
      'http://127.0.0.1:99/x',
    ),
    source: 'RFC 9112 §3.2.2',
    send: [head('GET http://127.0.0.1:99/a HTTP/1.1', 'Host: evil.example')],
  },
  {
    ...place(
      'P17',
      'the port of Host is part of the local origin',
      '/a',
      'Location',
      `${upstreamOrigin}/x`,
      'http://localhost:8080/x',
    ),
    send: [head('GET /a HTTP/1.1', 'Host: localhost:8080')],
  },
  cookie('P20', 'Domain is removed', '/a', 'a=1; Domain=up.example; HttpOnly', 'a=1; HttpOnly'),
  cookie('P21', 'Path follows the prefix', '/p/a', 'a=1; Path=/base/x', 'a=1; Path=/p/x'),
  cookie('P22', 'a Path outside the base path becomes /', '/p/a', 'a=1; path=/other', 'a=1; Path=/'),
  cookie('P23', 'Secure is dropped on a plain listener', '/a', 'a=1; Secure; SameSite=Lax', 'a=1; SameSite=Lax'),
  cookie('P26', 'so is SameSite=None, which needs Secure', '/a', 'a=1; SameSite=None; Secure', 'a=1'),
  cookie('P24', 'what a value may hold stays', '/a', 'a="b=c, d"; Max-Age=5', 'a="b=c, d"; Max-Age=5'),
  cookie('P25', 'a cookie without a value', '/a', 'a=; HttpOnly', 'a=; HttpOnly'),
];
