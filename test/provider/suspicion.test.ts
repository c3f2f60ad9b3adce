import t from 'tap';
import { blamesProof, colonInRawId, cureOfTime, exchanged, farAhead, oddSecret } from '../../src/provider/suspicion.ts';
import { parseTokenAnswer } from '../../src/provider/token-response.ts';

t.test('a secret with white space at an edge, or a line break in it', async (t) => {
  const cases: readonly [string, RegExp | undefined][] = [
    ['s3cret', undefined],
    ['two words', undefined],
    ['s3cret\n', /^The value of clientSecret ends with a line break,/],
    ['s3cret\r', /ends with a line break/],
    ['s3cret ', /ends with a space/],
    ['\ts3cret', /begins with a space/],
    ['\ns3cret', /begins with a line break/],
    ['s3\ncret', /contains a line break/],
  ];
  for (const [secret, words] of cases) {
    const found = oddSecret(secret, 'clientSecret');
    if (words === undefined) t.equal(found, undefined, JSON.stringify(secret));
    else t.match(found?.sentence ?? '', words);
    t.notMatch(`${found?.sentence} ${found?.cure}`, 's3cret');
  }
});

t.test('a client id with a colon under raw Basic', async (t) => {
  t.equal(colonInRawId('my-app'), undefined);
  t.match(colonInRawId('urn:a'), { id: 'client_id_has_colon', cure: /basicEncoding: form/ });
});

t.test('key and secret that look exchanged; what cannot be told apart is left alone', async (t) => {
  const generated = '0F0E0D0C-0B0A-4908-8706-050403020100';
  t.match(exchanged(generated, 'my-collab-rest-key'), { id: 'key_and_secret_exchanged' });
  t.equal(exchanged('my-collab-rest-key', generated), undefined);
  t.equal(exchanged(generated, generated.replaceAll('0', '9')), undefined, 'both generated');
  t.equal(exchanged('my-key', 'my-secret'), undefined, 'both names');
});

t.test('an assertion that ends far ahead', async (t) => {
  t.equal(farAhead(240_000, false), undefined);
  t.equal(farAhead(300_000, false), undefined);
  t.match(farAhead(3_600_000, false)?.sentence ?? '', /good for 3600 s.*300 s/);
  t.match(farAhead(240_000, true)?.sentence ?? '', /milliseconds/);
});

t.test("the endpoint's words about the time", async (t) => {
  for (const words of ['"exp" claim timestamp check failed', 'Token is expired', 'The JWT is not yet valid']) {
    t.match(cureOfTime(words, 240_000), /clock.*240 s/, words);
  }
  for (const words of ['signature verification failed', 'explicit consent is needed', '']) {
    t.equal(cureOfTime(words, 240_000), undefined, words);
  }
});

t.test('it is told where the endpoint refuses whoever asks, with its cure before the usual one', async (t) => {
  const suspicion = oddSecret('s3cret\n', 'clientSecret');
  const question = {
    endpoint: 'https://idp.example/token',
    requestedAtMs: 0,
    defaultLifetimeMs: 1,
    maxLifetimeMs: 1,
    redact: (text: string) => text,
    cure: () => 'The usual.',
    suspicion,
  };
  const failed = (status: number, error: string) => {
    const result = parseTokenAnswer({ status, headers: {}, text: JSON.stringify({ error }) }, question, 0);
    if (!(result instanceof Error)) throw new Error('not refused');
    return result;
  };
  const refused = failed(401, 'invalid_client');
  t.equal(
    refused.message,
    'POST https://idp.example/token answered 401 invalid_client. The value of clientSecret ends with a line break, which is sent as a part of it.',
  );
  t.match(refused.occurrence.action, /^Remove the white space.* If that is not it: The usual\.$/);
  t.equal(refused.failure.suspicion, 'secret_has_whitespace');
  for (const other of [failed(400, 'invalid_scope'), failed(503, 'server_error')]) {
    t.notMatch(other.message, 'line break');
    t.equal(other.failure.suspicion, undefined);
  }
  t.notOk(blamesProof('invalid_scope'));
});

t.test('407 is the answer of a proxy in the way', async (t) => {
  const question = {
    endpoint: 'https://idp.example/token',
    requestedAtMs: 0,
    defaultLifetimeMs: 1,
    maxLifetimeMs: 1,
    redact: (text: string) => text,
    cure: () => undefined,
  };
  const result = parseTokenAnswer({ status: 407, headers: {}, text: '' }, question, 0);
  t.match(result, { failure: { reason: 'http_407', action: /^A proxy between bearerd/ } });
});
