import t from 'tap';
import { corsHeaders, isPreflight, listedOrigin, preflightAnswer } from '../../src/inbound/cors.ts';

const page = 'https://app.example';

t.test('only a listed origin gets CORS headers', async (t) => {
  t.equal(listedOrigin(['Origin', page], [page]), page);
  t.equal(listedOrigin(['origin', 'https://evil.example'], [page]), undefined);
  t.equal(listedOrigin([], [page]), undefined);
  t.equal(listedOrigin(['Origin', page], []), undefined);
});

t.test('a preflight is OPTIONS with Origin and Access-Control-Request-Method (Fetch standard)', async (t) => {
  const asked = ['Origin', page, 'Access-Control-Request-Method', 'PUT'];
  t.equal(isPreflight('OPTIONS', asked), true);
  t.equal(isPreflight('PUT', asked), false);
  t.equal(isPreflight('OPTIONS', asked.slice(0, 2)), false);
  t.equal(isPreflight('OPTIONS', asked.slice(2)), false);
});

t.test('the answer to a preflight allows what was asked for, and nothing that is no token', async (t) => {
  const asked = ['Access-Control-Request-Method', 'PUT', 'Access-Control-Request-Headers', 'content-type, x y, x-z'];
  const { status, headers } = preflightAnswer(page, asked);
  t.equal(status, 204);
  t.strictSame(headers, [
    ...['Access-Control-Allow-Origin', page],
    ...['Access-Control-Allow-Methods', 'PUT'],
    ...['Access-Control-Allow-Headers', 'content-type, x-z'],
    ...['Access-Control-Max-Age', '600'],
    ...['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
  ]);
  const bare = preflightAnswer(page, ['Access-Control-Request-Method', 'P T']).headers;
  t.notOk(bare.includes('Access-Control-Allow-Methods'));
  t.notOk(bare.includes('Access-Control-Allow-Headers'));
});

t.test('threat 3: no credentials and no private network are ever allowed', async (t) => {
  const asked = ['Access-Control-Request-Method', 'GET', 'Access-Control-Request-Private-Network', 'true'];
  const names = [...preflightAnswer(page, asked).headers, ...corsHeaders(page)].join(' ');
  t.notMatch(names, /Credentials|Private-Network/);
});
