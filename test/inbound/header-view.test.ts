import t from 'tap';
import { seenHeaders } from '../../src/inbound/header-view.ts';

const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnktc3ViamVjdCJ9.c2lnbmF0dXJlLW9mLWNhbmFyeQ';
const bytes = (...parts: string[]) => parts;

t.test('of a header field that may carry a credential only its name and length are kept', async (t) => {
  const canary = 'canary-5ad1';
  const names = ['Cookie', 'X-Api-Key', 'Proxy-Authorization', 'X-Forwarded-Access-Token', 'Bearerd-Key', 'X-Anything'];
  const request = names.flatMap((name) => [name, canary]);
  const { request: seen } = seenHeaders(request, bytes('Set-Cookie', canary, 'X-Echo', canary), 3);
  t.strictSame(
    seen,
    names.map((name) => [name, '‹11 characters, not kept›']),
  );
  const { response } = seenHeaders([], bytes('Set-Cookie', canary, 'X-One', '1'), 3);
  t.strictSame(response, [
    ['Set-Cookie', '‹11 characters, not kept›'],
    ['X-One', '‹1 character, not kept›'],
  ]);
});

t.test('the token is named, never shown, even where the upstream repeats it', async (t) => {
  const request = ['Accept', 'text/html', 'Authorization', `Bearer ${token}`];
  const echoes = bytes(
    'ETag',
    `"${token}"`,
    'WWW-Authenticate',
    `Bearer error="${token}"`,
    'Server',
    token.slice(21, 53),
  );
  const seen = seenHeaders(request, echoes, 3);
  t.strictSame(seen.request, [
    ['Accept', 'text/html'],
    ['Authorization', 'Bearer ‹token 3, not kept›'],
  ]);
  t.strictSame(seen.response, [
    ['ETag', '"‹token›"'],
    ['WWW-Authenticate', 'Bearer error="‹token›"'],
    ['Server', '‹token›'],
  ]);
  t.strictSame(seenHeaders(['authorization', 'Basic dXNlcjpwYXNz'], [], undefined).request, [
    ['authorization', "‹the caller's own, not kept›"],
  ]);
});

t.test('URLs lose query, fragment and user part', async (t) => {
  const rows = [
    ['Location', 'https://user:pass@a.example/path?code=secret#access_token=x', 'https://a.example/path?…'],
    ['Referer', 'http://127.0.0.1/page?token=secret', 'http://127.0.0.1/page?…'],
    ['Location', '/login#secret', '/login?…'],
    ['Link', '<https://a.example/x?page=2&k=secret>; rel="next"', '<https://a.example/x?…>; rel="next"'],
    ['Origin', 'http://localhost:3000', 'http://localhost:3000'],
  ] as const;
  for (const [name, value, shown] of rows) t.strictSame(seenHeaders([name, value], [], 1).request, [[name, shown]]);
});

t.test('lines and lengths are bounded, and nothing breaks a line', async (t) => {
  const many = Array.from({ length: 500 }, (_none, n) => [`X-${n}`, 'v']).flat();
  t.equal(seenHeaders(many, [], 1).request.length, 100);
  const [[, value] = ['', '']] = seenHeaders(['User-Agent', 'a\u202e'.repeat(1000)], [], 1).request;
  t.ok(value.length <= 300);
  t.notMatch(value, '\u202e');
});
