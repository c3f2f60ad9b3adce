import t from 'tap';
import { type AllowRule, matchesPath, parseAllowRule, reachesBelow } from '../../src/config/allow-rule.ts';
import { pathReadings } from '../../src/inbound/path-readings.ts';
import { type Asked, judgePolicy, judgeRoute } from '../../src/inbound/policy.ts';
import { RouteTable } from '../../src/inbound/route-table.ts';

function rule(text: string): AllowRule {
  const read = parseAllowRule(text);
  if ('value' in read) return read.value;
  throw new Error(read.problem);
}

function asked(line: string, over: Partial<Asked> = {}): Asked {
  const [method = '', pathQuery = ''] = line.split(' ');
  return { method, pathQuery, rawHeaders: ['Host', 'localhost'], upgrade: false, ...over };
}

const patterns: readonly [rule: string, path: string, matches: boolean][] = [
  ['GET /a/b', '/a/b', true],
  ['GET /a/b', '/a/b/', false],
  ['GET /a/b', '/A/b', false],
  ['GET /', '/', true],
  ['GET /', '/a', false],
  ['GET /**', '/', true],
  ['GET /**', '/a/b', true],
  ['GET /a/**', '/a', true],
  ['GET /a/**', '/a/', true],
  ['GET /a/**', '/a/b/c', true],
  ['GET /a/**', '/ab', false],
  ['GET /a/**/z', '/a/z', true],
  ['GET /a/**/z', '/a/b/c/z', true],
  ['GET /a/**/z', '/a/b/zz', false],
  ['GET /a/*', '/a/b', true],
  ['GET /a/*', '/a/', false],
  ['GET /a/*', '/a/b/c', false],
  ['GET /a/x*y', '/a/x1y', true],
  ['GET /a/x*y', '/a/xy', true],
  ['GET /a/x*y', '/a/x1z', false],
  ['GET /a/*b*d', '/a/abcbd', true],
  ['GET /a/*b*d', '/a/abc', false],
  ['GET /a/x*', '/a/x', true],
  ['GET /a b/ä', '/a b/ä', true],
];

t.test('patterns', async (t) => {
  for (const [text, path, matches] of patterns) t.equal(matchesPath(rule(text), path), matches, `${text} and ${path}`);
  t.equal(reachesBelow(rule('GET /a/b'), '/a'), true);
  t.equal(reachesBelow(rule('GET /**'), '/a/b'), true);
  t.equal(reachesBelow(rule('GET /b/**'), '/a'), false);
  t.equal(reachesBelow(rule('GET /b'), '/'), true);
});

t.test('rules that are none', async (t) => {
  for (const text of ['/a', 'GET', 'get /a', 'GET a', 'GET /a//b', 'GET /a/../b', 'GET /a%20', 'GET /a?b', 'GET /a**'])
    t.match(parseAllowRule(text), { problem: /./, cure: /./ }, text);
});

const allow = [rule('GET|HEAD /rest/2.0/**'), rule('POST /rest/2.0/search'), rule('* /public/*')];
const cases: readonly [what: string, line: string, allowed: boolean, over?: Partial<Asked>][] = [
  ['a path of the list', 'GET /rest/2.0/communities?limit=1', true],
  ['encoded letters are the letters', 'GET /rest/2.0/%63ommunities', true],
  ['an encoded space and an encoded percent sign', 'GET /rest/2.0/100%25%20sure', true],
  ['UTF-8', 'GET /rest/2.0/%C3%A4', true],
  ['an encoded slash where every reading is allowed', 'GET /rest/2.0/a%2Fb', true],
  ['every method on a path of its own', 'DELETE /public/x', true],
  ['a path that is not in the list', 'GET /admin', false],
  ['a prefix that is no segment', 'GET /rest/2.0x', false],
  ['a method that is not in the list', 'DELETE /rest/2.0/communities', false],
  ['a method that is in the list for another path', 'POST /rest/2.0/communities', false],
  ['two segments where one is allowed, by an encoded slash', 'GET /public/a%2fb', false],
  ['two segments, by a backslash', 'GET /public/a\\b', false],
  ['two segments, by an encoded backslash', 'GET /public/a%5Cb', false],
  ['two segments, encoded twice', 'GET /public/a%252fb', false],
  ['a full-width slash', 'GET /public/a%EF%BC%8Fb', false],
  ['case', 'GET /REST/2.0/communities', false],
  ['asterisk-form', 'OPTIONS *', false],
  ['method override by header', 'POST /rest/2.0/search', false, { rawHeaders: ['X-HTTP-Method-Override', 'DELETE'] }],
  ['an override to what is allowed', 'GET /rest/2.0/x', true, { rawHeaders: ['X-HTTP-Method-Override', 'head'] }],
  ['method override by query', 'POST /rest/2.0/search?_method=DELETE', false],
  ['another path by header', 'GET /rest/2.0/x', false, { rawHeaders: ['X-Original-URL', '/admin'] }],
  ['a WebSocket on a path of the list', 'GET /rest/2.0/live', true, { upgrade: true }],
];

t.test('allow', async (t) => {
  for (const [what, line, allowed, over] of cases) {
    const refusal = judgePolicy({ allow, readOnly: false }, asked(line, over));
    t.equal(refusal === undefined, allowed, `${what}: ${line} ${refusal?.reason ?? ''}`);
    if (refusal !== undefined) t.equal(refusal.rule, 'allow');
  }
});

const readOnly: readonly [line: string, allowed: boolean, over?: Partial<Asked>][] = [
  ['GET /a/../b', true],
  ['HEAD /a', true],
  ['OPTIONS *', true],
  ['POST /a', false],
  ['PROPFIND /a', false],
  ['GET /a', false, { upgrade: true }],
  ['GET /a', false, { rawHeaders: ['x_http_method_override', 'DELETE'] }],
  ['GET /a', false, { rawHeaders: ['X.HTTP.Method-Override', 'DELETE'] }],
  ['GET /a?.method=DELETE', false],
  ['GET /a?%20%20_method=DELETE', false],
  ['GET /a?[method=DELETE', false],
  ['GET /a?_method=GET', true],
  ['GET /a?the_method=DELETE', true],
  ['GET /a', false, { rawHeaders: ['X-HTTP-Method', 'get, delete'] }],
  ['GET /a', false, { rawHeaders: ['X-Method-Override', ''] }],
  ['GET /a?x=1;_method=put', false],
  ['GET /a?%5Fmethod=put', false],
  ['GET /a', true, { rawHeaders: ['X-Original-URL', '/b'] }],
];

t.test('readOnly', async (t) => {
  for (const [line, allowed, over] of readOnly) {
    const refusal = judgePolicy({ allow: undefined, readOnly: true }, asked(line, over));
    t.equal(refusal?.rule, allowed ? undefined : 'readOnly', `${line} ${JSON.stringify(over ?? {})}`);
  }
});

t.test('both: each has to hold', async (t) => {
  const both = { allow, readOnly: true };
  t.equal(judgePolicy(both, asked('GET /rest/2.0/x')), undefined);
  t.equal(judgePolicy(both, asked('POST /rest/2.0/search'))?.rule, 'readOnly');
  t.equal(judgePolicy(both, asked('GET /admin'))?.rule, 'allow');
});

t.test('paths that have no safe reading', async (t) => {
  const unsafe = [
    ...[
      '/a/../b',
      '/a/..',
      '/a/%2e%2e/b',
      '/a/%252e%252E/b',
      '/a/%25252e./b',
      '/a/..;/b',
      '/a/..;x=1/b',
      '/a/..%3bx/b',
    ],
    ...['/a\\..\\b', '/a%5c..%5cb', '/a/..%2fb', '/a/..%252fb', '/a/..%20/b', '/a/;x/..', '/a/.;/../b', '/a%u002e'],
    ...[
      '/a%c0%ae',
      '/a/%c0%af',
      '/a%00',
      '/a%2500',
      '/a%0d%0ab',
      '/a%ff',
      '/a%',
      '/a%2',
      '/ä',
      '/%EF%BC%8E%EF%BC%8E/b',
    ],
    ...['/a%25c0%25af', '/a%09b', `/${'a;b%2f%255c//.%253f'.repeat(20)}`],
  ];
  for (const path of unsafe) t.equal(pathReadings(path), undefined, path);
});

t.test('a path has at most 256 segments, so that matching takes no time to speak of', async (t) => {
  t.equal(pathReadings('/a'.repeat(256))?.length, 1);
  for (const part of ['/a', '/', '%2f', '/.', '\\']) t.equal(pathReadings(`/${part.repeat(257)}`), undefined, part);
});

t.test('paths that have several readings, and paths that have one', async (t) => {
  t.same(pathReadings('/rest/2.0/communities'), ['/rest/2.0/communities']);
  t.same(pathReadings('/'), ['/']);
  t.same(pathReadings('/.well-known/x'), ['/.well-known/x']);
  t.same(pathReadings('/a%2fb'), ['/a/b']);
  t.same(pathReadings('/a;x=1/b'), ['/a;x=1/b', '/a/b']);
  t.same(pathReadings('/a//b'), ['/a//b', '/a/b']);
  t.same(pathReadings('/a/./b'), ['/a/./b', '/a/b']);
  t.same(pathReadings('/a%3fb'), ['/a?b', '/a']);
  t.same(pathReadings('/a%252fb'), ['/a%2fb', '/a/b']);
  t.same(pathReadings('/a%2525'), ['/a%25', '/a%']);
});

t.test('beside a route with a policy no path may be read as that of another route', async (t) => {
  const open = { prefix: '', policy: undefined };
  const guarded = { prefix: '/admin', policy: {} };
  const table = new RouteTable([open, guarded]);
  t.equal(table.mixed, true);
  t.equal(new RouteTable([guarded]).mixed, false);
  const judged = (path: string) => judgeRoute(table.find(path), path, (reading) => table.find(reading))?.rule;
  for (const path of ['/x', '/admin', '/admin/x?a=/../', '/admi%6e-x']) t.equal(judged(path), undefined, path);
  for (const path of ['/%61dmin/x', '/x/../admin', '//admin', '/admin;x', '/x%2f..%2fadmin', '/\\admin', '/.//admin'])
    t.equal(judged(path), 'path', path);
});
