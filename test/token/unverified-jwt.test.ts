import t from 'tap';
import { decodeUnverifiedJwt, sections } from '../../src/token/unverified-jwt.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = part({ alg: 'none' });
const payload = part({ sub: 'ü' });

t.test('wire facts 4.8: header and payload of three base64url sections', async (t) => {
  t.same(decodeUnverifiedJwt(`${header}.${payload}.c2ln`), { header: { alg: 'none' }, payload: { sub: 'ü' } });
});

t.test('RFC 7519 §6.1: an unsecured JWT has an empty third section', async (t) => {
  t.same(decodeUnverifiedJwt(`${header}.${payload}.`)?.header, { alg: 'none' });
});

const notJwts: Record<string, string> = {
  empty: '',
  opaque: '2YotnFZFEjr1zCsicMWpAA',
  'two sections': `${header}.${payload}`,
  'five sections (JWE)': 'eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d',
  'five sections that begin like a JWT': `${header}.${payload}.a.b.c`,
  'base64 instead of base64url': `${header}.${payload}.a+b/`,
  'padded section': `${header}=.${payload}.c2ln`,
  'header is not JSON': `abc.${payload}.c2ln`,
  'header is an array': `${part([])}.${payload}.c2ln`,
  'payload is null': `${header}.${part(null)}.c2ln`,
  'payload is a string': `${header}.${part('x')}.c2ln`,
  'payload is not UTF-8': `${header}.${Buffer.from('{"a":"\xff"}', 'latin1').toString('base64url')}.c2ln`,
  'signature has a newline': `${header}.${payload}.c2ln\n`,
};

for (const [title, token] of Object.entries(notJwts)) {
  t.test(`wire facts 4.8: not a JWT, never a throw: ${title}`, async (t) => {
    t.equal(decodeUnverifiedJwt(token), undefined);
  });
}

t.test('sections counts what dots separate', async (t) => {
  t.equal(sections('opaque'), 1);
  t.equal(sections('a.b.c'), 3);
  t.equal(sections('a.b.c.d.e'), 5);
});
