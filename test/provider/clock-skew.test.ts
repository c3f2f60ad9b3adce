import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { jwtBearer } from '../../src/provider/jwt-bearer.ts';
import { decodeUnverifiedJwt } from '../../src/token/unverified-jwt.ts';
import { FakeClock } from '../token/support.ts';
import { make, obtain, refused, startEndpoint, testContext } from './support.ts';

const secret = '0123456789abcdef0123456789abcdef';
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An endpoint on a clock of its own that refuses assertions outside of their time, and answers with a JWT. */
async function startStrictIdp(t: Parameters<typeof startEndpoint>[0], nowMs: () => number, date = true) {
  const endpoint = await startEndpoint(t, (response) => {
    const now = Math.floor(nowMs() / 1000);
    if (date) response.setHeader('date', new Date(nowMs()).toUTCString());
    const form = new URLSearchParams(endpoint.last().body);
    const claims = decodeUnverifiedJwt(form.get('assertion') ?? form.get('client_assertion') ?? '')?.payload ?? {};
    if (Number(claims['iat']) > now + 5 || Number(claims['exp']) <= now) {
      return void response
        .writeHead(400)
        .end('{"error":"invalid_grant","error_description":"expired or not yet valid"}');
    }
    const token = `${part({ alg: 'RS256' })}.${part({ iat: now, exp: now + 120 })}.c2ln`;
    response.end(JSON.stringify({ access_token: token }));
  });
  return endpoint;
}

for (const minutes of [-5, 5]) {
  t.test(`acceptance 4: this machine's clock is ${minutes} minutes off`, async (t) => {
    const clock = new FakeClock();
    let offMs = minutes * 60_000;
    const endpoint = await startStrictIdp(t, () => clock.nowMs() - offMs);
    const context = testContext({ clock });
    const options = { tokenEndpoint: endpoint.url, issuer: 'me', secret };
    const provider = make(jwtBearer, options, context);
    const token = await obtain(provider);
    t.equal(endpoint.seen.length, 2, 'accepted at the second try');
    t.equal(
      Math.round((token.lifetimeMs ?? 0) / 1000),
      120,
      'the life is right on our clock: no expired token is sent',
    );
    t.match(context.lines, [{ level: 'warn', fields: { event: 'clock_skew' }, message: /clock is (299|300|301) s/ }]);
    t.equal(context.lines.length, 1);
    await obtain(provider);
    t.equal(endpoint.seen.length, 3, 'from then on at the first');
    offMs = 0;
    await obtain(provider);
    t.equal(endpoint.seen.length, 5, 'somebody set the clock: what was measured is measured again');
    t.match(context.lines[1], { level: 'info', message: /agree again/ });
  });
}

t.test(
  'a client assertion is signed once more, too; one that is refused again is not signed a third time',
  async (t) => {
    const clock = new FakeClock();
    const endpoint = await startStrictIdp(t, () => clock.nowMs() + 300_000);
    const options = { tokenEndpoint: endpoint.url, clientId: 'me', clientAuthentication: 'client_secret_jwt' };
    await obtain(make(clientCredentials, { ...options, clientSecret: secret }, testContext({ clock })));
    const [first, second] = endpoint.seen.map(({ body }) => new URLSearchParams(body).get('client_assertion') ?? '');
    t.not(decodeUnverifiedJwt(first ?? '')?.payload['jti'], decodeUnverifiedJwt(second ?? '')?.payload['jti']);

    const never = await startEndpoint(t, (response) => {
      response.setHeader('date', new Date(clock.nowMs() + 300_000).toUTCString());
      response.writeHead(400).end('{"error":"invalid_client"}');
    });
    await refused(
      make(clientCredentials, { ...options, tokenEndpoint: never.url, clientSecret: secret }, testContext({ clock })),
    );
    t.equal(never.seen.length, 2);
  },
);

t.test(
  'nothing is signed again where the answer shows no skew, where the form has no time, or where the failure is another',
  async (t) => {
    const clock = new FakeClock();
    const undated = await startStrictIdp(t, () => clock.nowMs() + 300_000, false);
    await refused(make(jwtBearer, { tokenEndpoint: undated.url, issuer: 'me', secret }, testContext({ clock })));
    t.equal(undated.seen.length, 1, 'no Date');

    const answers = (status: number, age?: string) =>
      startEndpoint(t, (response) => {
        response.setHeader('date', new Date(clock.nowMs() + 300_000).toUTCString());
        if (age !== undefined) response.setHeader('age', age);
        response.writeHead(status).end('{"error":"x"}');
      });
    const basic = await answers(401);
    const client = { clientId: 'me', clientSecret: secret };
    await refused(make(clientCredentials, { ...client, tokenEndpoint: basic.url }, testContext({ clock })));
    t.equal(basic.seen.length, 1, 'Basic credentials have no time in them');

    const down = await answers(503);
    await refused(make(jwtBearer, { tokenEndpoint: down.url, issuer: 'me', secret }, testContext({ clock })));
    t.equal(down.seen.length, 1, 'a 503 is not about the assertion');

    const cached = await answers(400, '300');
    const context = testContext({ clock });
    await refused(make(jwtBearer, { tokenEndpoint: cached.url, issuer: 'me', secret }, context));
    t.equal(cached.seen.length, 1, 'an answer out of a cache');
    t.same(context.lines, []);
  },
);
