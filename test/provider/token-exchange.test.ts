import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { tokenExchange } from '../../src/provider/token-exchange.ts';
import { configure, make, obtain, refused, startEndpoint, testContext } from './support.ts';
import { byId, vectors } from './vectors.ts';

const secret = 'exchange-s3cret-value';
const subject = 'opaque-subject-token-0123456789';

function written(url: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { tokenEndpoint: url, clientId: 'id', clientSecret: secret, ...more };
}

function answer(members: object) {
  return { access_token: 'tok-1', expires_in: 60, token_type: 'Bearer', ...members };
}

const prefix = 'urn:ietf:params:oauth:token-type:';

t.test('R17: the request as the vector has it', async (t) => {
  const { given, expect } = byId(vectors.token_requests, 'R17');
  const endpoint = await startEndpoint(t);
  const file = join(t.testdir({ token: given.subject_token ?? '' }), 'token');
  const provider = make(tokenExchange, {
    tokenEndpoint: endpoint.url,
    clientId: given.client_id,
    clientSecret: given.client_secret,
    clientAuthentication: given.auth,
    subjectToken: { file },
    audience: given.audience,
  });
  await obtain(provider);
  const { headers, body } = endpoint.last();
  t.equal(headers['content-type'], expect.content_type);
  t.same([...new URLSearchParams(body)].sort(), [...(expect.body_pairs_unordered ?? [])].sort());
});

t.test('RFC 8693 §2.1: the request, from a file', async (t) => {
  const endpoint = await startEndpoint(t);
  const file = join(t.testdir({ token: `${subject}\n` }), 'token');
  const provider = make(
    tokenExchange,
    written(endpoint.url, {
      subjectToken: { file },
      subjectTokenType: 'jwt',
      requestedTokenType: 'access_token',
      audience: 'https://api',
      resource: ['https://r1', 'https://r2'],
      scope: 'a b',
      parameters: { tenant: 'acme' },
    }),
  );
  t.equal((await obtain(provider)).value, 'tok-1');
  t.equal(provider.subjects, undefined);
  const { headers, body } = endpoint.last();
  t.same(
    [...new URLSearchParams(body)],
    [
      ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      ['subject_token', subject],
      ['subject_token_type', `${prefix}jwt`],
      ['requested_token_type', `${prefix}access_token`],
      ['scope', 'a b'],
      ['audience', 'https://api'],
      ['resource', 'https://r1'],
      ['resource', 'https://r2'],
      ['tenant', 'acme'],
    ],
  );
  t.equal(headers.authorization, `Basic ${Buffer.from(`id:${secret}`).toString('base64')}`);
});

t.test(
  'a projected service-account token: the file is read at each request, through two swaps of the symlink',
  async (t) => {
    const endpoint = await startEndpoint(t);
    const folder = t.testdir({
      one: { token: 'subject-one' },
      two: { token: 'subject-two' },
      three: { token: 'subject-three' },
    });
    const swap = (to: string) => {
      symlinkSync(to, join(folder, '..tmp'));
      renameSync(join(folder, '..tmp'), join(folder, '..data'));
    };
    swap('one');
    symlinkSync('..data/token', join(folder, 'token'));
    const provider = make(tokenExchange, written(endpoint.url, { subjectToken: { file: join(folder, 'token') } }));
    for (const name of ['one', 'two', 'three']) {
      if (name !== 'one') swap(name);
      await obtain(provider);
      t.equal(new URLSearchParams(endpoint.last().body).get('subject_token'), `subject-${name}`);
    }
  },
);

t.test('a file that is not there yet is a warning at first and a transient failure then', async (t) => {
  const endpoint = await startEndpoint(t);
  const file = join(t.testdir(), 'token');
  const options = written(endpoint.url, { subjectToken: { file } });
  t.match(configure(tokenExchange, options), {
    problems: [],
    lints: [{ path: 'subjectToken.file', problem: `the file ${file} does not exist`, severity: 'warning' }],
  });
  const provider = make(tokenExchange, options);
  t.match((await refused(provider)).failure, { kind: 'transient', reason: 'secret_unreadable' });
  t.equal(endpoint.seen.length, 0);
  writeFileSync(file, '');
  t.match(configure(tokenExchange, options).lints, [{ problem: `the file ${file} is empty` }]);
  writeFileSync(file, subject);
  t.equal((await obtain(provider)).value, 'tok-1');
});

t.test('the subject of a caller: per subject only, and never in an error', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: 'invalid_request', error_description: `bad ${subject} and ${secret}` }));
  });
  const context = testContext();
  const provider = make(tokenExchange, written(endpoint.url, { subjectToken: { header: 'X-Subject' } }), context);
  t.match((await refused(provider)).failure, { kind: 'permanent', reason: 'no_subject' });
  t.equal(endpoint.seen.length, 0);
  t.equal(provider.subjects?.header, 'x-subject');
  const failure = await provider.subjects?.requestToken(subject, new AbortController().signal).then(
    () => undefined,
    (error: Error) => error,
  );
  t.match(failure, { failure: { kind: 'permanent', reason: 'invalid_request' } });
  t.match(failure, { occurrence: { action: /Check the subject token in the header X-Subject of the request/ } });
  t.equal(new URLSearchParams(endpoint.last().body).get('subject_token'), subject);
  const shown = `${failure?.message} ${failure?.stack} ${JSON.stringify(failure)} ${JSON.stringify(context.lines)}`;
  t.notOk(shown.includes(subject), 'the subject token is not shown');
  t.notOk(shown.includes(secret), 'the secret is not shown');
});

for (const [title, members, expected] of [
  ['N_A', { token_type: 'N_A', issued_token_type: `${prefix}saml2` }, /issued a token of the type saml2, which cannot/],
  ['n_a without a type', { token_type: 'n_a' }, /issued a token of another type/],
  ['an id_token', { issued_token_type: `${prefix}id_token` }, /issued a token of the type id_token/],
  ['a refresh token', { token_type: undefined, issued_token_type: `${prefix}refresh_token` }, /refresh_token/],
] as const) {
  t.test(`RFC 8693 §2.2.1: ${title} is not usable`, async (t) => {
    const endpoint = await startEndpoint(t, (response) => response.end(JSON.stringify(answer(members))));
    const file = join(t.testdir({ token: subject }), 'token');
    const error = await refused(make(tokenExchange, written(endpoint.url, { subjectToken: { file } })));
    t.match(error.failure, { kind: 'permanent', reason: 'unsupported_token_type' });
    t.match(error.message, expected);
    t.match(error.occurrence.action, /requestedTokenType: access_token/);
  });
}

t.test('RFC 8693 §2.2.1: jwt, access_token, none and types of others are usable', async (t) => {
  for (const type of [`${prefix}jwt`, `${prefix}access_token`, undefined, 'https://example.com/token']) {
    const endpoint = await startEndpoint(t, (response) =>
      response.end(JSON.stringify(answer({ issued_token_type: type }))),
    );
    const file = join(t.testdir({ token: subject }), 'token');
    t.equal(
      (await obtain(make(tokenExchange, written(endpoint.url, { subjectToken: { file } })))).value,
      'tok-1',
      type ?? 'none',
    );
  }
});

t.test('mistakes', async (t) => {
  const lints = (more: Record<string, unknown>) =>
    configure(tokenExchange, written('https://idp.test/token', more)).lints;
  t.match(lints({}), [{ path: 'subjectToken', problem: 'is missing', severity: 'error' }]);
  t.match(lints({ subjectToken: { file: '/x', header: 'X' } }), [{ problem: 'has a file and a header' }]);
  const problems = (more: Record<string, unknown>) =>
    configure(tokenExchange, written('https://idp.test/token', more)).problems.join();
  t.match(problems({ subjectToken: { header: 'Host' } }), /a meaning of its own/);
  t.match(problems({ subjectToken: { header: 'a b' } }), /is not a header name/);
  t.match(
    problems({ subjectToken: { header: 'X' }, subjectTokenType: 'JWT' }),
    /'JWT' is not a token type; write one of access_token/,
  );
  t.equal(problems({ subjectToken: { header: 'Authorization' }, subjectTokenType: 'urn:x:y' }), '');
});
