import { createHash } from 'node:crypto';
import t from 'tap';
import { LeakSearch } from './leak-search.ts';

const secret = 'canary %+: ü 01234>>>???~~~';
const bytes = Buffer.from(secret);
const form = new URLSearchParams([['', secret]]).toString().slice(1);
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n';

/** A text with the secret in it, and the form that has to be found. */
const written: readonly [form: string, text: string][] = [
  ['plain', `secret=${secret};`],
  ['first half', `${secret.slice(0, 14)}…`],
  ['second half', `…${secret.slice(-15)}`],
  ['form', `client_secret=${form}`],
  ['percent', encodeURIComponent(secret)],
  ['hex', bytes.toString('hex')],
  ['base64', bytes.toString('base64')],
  ['base64url', bytes.toString('base64url')],
  ['base64', `Basic ${Buffer.from(`my-app:${secret}`).toString('base64')}`],
  ['base64', `Basic ${Buffer.from(`my-app1:${secret}x`).toString('base64')}`],
  ['base64', `Basic ${Buffer.from(`my-app12:${secret}`).toString('base64')}`],
  ['base64 of form', `Basic ${Buffer.from(`my-app12:${form}`).toString('base64')}`],
  ['sha256', createHash('sha256').update(secret).digest('hex')],
  ['sha256', createHash('sha256').update(secret).digest('base64')],
  ['sha1', createHash('sha1').update(secret).digest('hex')],
  ['section', `sha256 of ${jwt.split('.')[2]}`],
  ['PEM line', 'key: MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'],
];

t.test('acceptance 10: the search finds a secret in every form', async (t) => {
  const search = new LeakSearch();
  for (const one of [secret, jwt, pem]) search.plant('canary', one);
  t.equal(search.size, 3);
  for (const [name, text] of written) {
    t.ok(
      search.find(`some ${text} text`).some((leak) => leak.form === name && leak.secret === 'canary'),
      `${name}: ${text}`,
    );
  }
});

t.test('acceptance 10: the search finds nothing where nothing is', async (t) => {
  const search = new LeakSearch();
  for (const one of [secret, jwt, pem]) search.plant('canary', one);
  const sha256 = createHash('sha256').update(secret).digest('hex').slice(0, 8);
  t.same(search.find(`tokenSha256=${sha256} ‹secret› eyJhbGciOiJIUzI1NiJ9 -----BEGIN PRIVATE KEY-----`), []);
});
