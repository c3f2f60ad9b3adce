import t from 'tap';
import { BearerdError, catalog, type ErrorCode } from '../../src/errors.ts';
import { problemOf } from '../../src/inbound/problem.ts';

const context = { requestId: 'r1', method: 'GET', instance: '/rest/2.0/x?secret=1' };

/** The value of a header field in a flat list. */
function field(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) if (headers[index] === name) return headers[index + 1];
  return undefined;
}

t.test('interface 5: every code of the catalog has an answer with all members, and none is a 401', async (t) => {
  // Object.keys gives string; the keys of the catalog are its codes.
  for (const code of Object.keys(catalog) as ErrorCode[]) {
    const { status, headers, body } = problemOf(new BearerdError(code, 'what happened'), context);
    t.not(status, 401, code);
    t.equal(status, catalog[code].status);
    t.strictSame(JSON.parse(body), {
      type: `urn:bearerd:error:${code}`,
      title: catalog[code].title,
      status,
      detail: 'what happened',
      instance: '/rest/2.0/x',
      code,
      action: catalog[code].action,
      requestId: 'r1',
      retryable: catalog[code].retryable,
    });
    t.equal(field(headers, 'Content-Type'), 'application/problem+json');
    t.equal(field(headers, 'Cache-Control'), 'no-store');
    t.equal(field(headers, 'X-Content-Type-Options'), 'nosniff');
    t.match(field(headers, 'Content-Security-Policy'), "default-src 'none'; frame-ancestors 'none'");
    t.equal(field(headers, 'Content-Length'), String(Buffer.byteLength(body)));
    t.equal(field(headers, 'Retry-After') !== undefined, status === 503, `${code}: Retry-After goes with 503`);
    t.equal(
      field(headers, 'Proxy-Status'),
      `bearerd; error=${catalog[code].proxyStatus}; details="${code}: ${catalog[code].title}"`,
    );
  }
});

t.test('a token fault tells what the upstream said and what the token looks like', async (t) => {
  const error = new BearerdError('BEARERD_TOKEN_INVALID', 'Refused – "ü"', {
    upstreamStatus: 401,
    upstreamErrorCode: 'a"b\\c\nü',
    token: { header: { alg: 'RS256' } },
    action: 'Compare the audience.',
    headers: ['X-Extra', '1'],
  });
  const { headers, body } = problemOf(error, context);
  t.match(JSON.parse(body), {
    upstreamStatus: 401,
    upstreamErrorCode: 'a"b\\c\nü',
    token: { header: { alg: 'RS256' } },
    action: 'Compare the audience.',
    detail: 'Refused – "ü"',
  });
  t.equal(field(headers, 'Content-Length'), String(Buffer.byteLength(body)), 'counts bytes, not characters');
  t.equal(field(headers, 'X-Extra'), '1');
  t.equal(
    field(headers, 'Proxy-Status'),
    'bearerd; error=proxy_configuration_error; received-status=401; ' +
      'details="BEARERD_TOKEN_INVALID: The API does not accept the access token (a\\"b\\\\c??)"',
    'RFC 8941 §3.3.3: quotes and backslashes escaped, printable ASCII only',
  );
});

t.test('RFC 9209 §4: the detail, which may name hosts, stays out of Proxy-Status', async (t) => {
  const error = new BearerdError('BEARERD_UPSTREAM_REFUSED', '10.1.2.3:443 refused');
  t.notMatch(field(problemOf(error, context).headers, 'Proxy-Status'), '10.1.2.3');
});

t.test('RFC 9110 §9.3.2: HEAD has the same head and no body', async (t) => {
  const error = new BearerdError('BEARERD_NO_ROUTE', 'nothing there');
  const get = problemOf(error, context);
  const head = problemOf(error, { ...context, method: 'HEAD' });
  t.equal(head.body, '');
  t.strictSame(head.headers, get.headers);
});

t.test('RFC 9110 §10.2.3: Retry-After is whole seconds', async (t) => {
  const after = (retryAfterSeconds: number) =>
    field(problemOf(new BearerdError('BEARERD_DRAINING', 'x', { retryAfterSeconds }), context).headers, 'Retry-After');
  t.equal(after(7), '7');
  t.equal(after(0.2), '1');
  t.equal(after(-3), '0');
});

t.test('instance is a URI reference without query, user part and odd bytes (RFC 9457 §3.1.5)', async (t) => {
  const instance = (target: string) =>
    JSON.parse(problemOf(new BearerdError('BEARERD_NO_ROUTE', 'x'), { ...context, instance: target }).body).instance;
  t.equal(instance('http://user:secret@localhost/a?b'), '/a');
  t.equal(instance('/a\\b<\xe9>%2f'), '/a%5Cb%3C%E9%3E%2f');
  t.equal(instance('*'), '*');
});
