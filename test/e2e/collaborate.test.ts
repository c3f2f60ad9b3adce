import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import t, { type Test } from 'tap';
import { verifyJwt } from '../support/assertion-verifier.ts';
import { startBearerd } from '../support/bearerd-process.ts';
import { type Seen, startUpstream } from '../support/upstream.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** Wire facts 1: secret or key, algorithm, and the settings that say so; the base path differs per generation of the API. */
const services: Readonly<
  Record<string, { base: string; algorithm: 'HS256' | 'RS256'; key: string | KeyObject; settings: object }>
> = {
  'HS256, a secret that is not ASCII': {
    base: '/collab/api/csa',
    algorithm: 'HS256',
    key: 'sécret % + : ü 0123456789abcdef0123456789',
    settings: { secret: 'sécret % + : ü 0123456789abcdef0123456789' },
  },
  'RS256, PKCS#8': {
    base: '/generation-2/csa/',
    algorithm: 'RS256',
    key: rsa.publicKey,
    settings: { algorithm: 'RS256', privateKey: { file: './pkcs8.pem' } },
  },
  'RS256, PKCS#1, API at the root': {
    base: '/',
    algorithm: 'RS256',
    key: rsa.publicKey,
    settings: { algorithm: 'RS256', privateKey: { file: './pkcs1.pem' } },
  },
};

t.jobs = 3;

for (const [name, { base, algorithm, key, settings }] of Object.entries(services)) {
  t.test(`acceptance 6, Collaborate: ${name}`, async (t) => {
    const tokenPath = `${base.replace(/\/$/, '')}/token`;
    let issued = 0;
    const service = await startUpstream(({ url, headers }, response) => {
      if (url === tokenPath) {
        issued += 1;
        // Exactly the two members that the real service sends (wire facts 1.3).
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ access_token: `collab.token.${issued}`, expires_in: 360 }));
      } else if (headers.authorization === 'Bearer collab.token.1') {
        response.end('a session');
      } else if (headers.authorization === 'Bearer collab.token.2') {
        response.end('a session with the second token');
      } else response.writeHead(401).end();
    });
    t.teardown(service.close);
    const bearerd = await startBearerd({
      files: {
        'pkcs8.pem': rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        'pkcs1.pem': rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
      },
      config: {
        upstream: service.url + base,
        preset: 'collaborate',
        tokens: { eager: false },
        credential: { key: 'my-collab-rest-key', ...settings },
      },
    });
    t.teardown(() => bearerd.stop());

    const asked = Math.floor(Date.now() / 1000);
    t.equal(await (await fetch(`${bearerd.url}/sessions?limit=1`)).text(), 'a session');
    t.equal(await (await fetch(`${bearerd.url}/sessions`)).text(), 'a session', 'the token is used again');
    t.same(
      service.seen.map(({ method, url }) => `${method} ${url}`),
      [
        `POST ${tokenPath}`,
        `GET ${tokenPath.replace('token', 'sessions')}?limit=1`,
        `GET ${tokenPath.replace('token', 'sessions')}`,
      ],
      'the base path is kept, for the token and for the calls',
    );
    const assertion = assertionOf(t, service.seen[0]);
    const { header, claims } = verifyJwt(assertion, algorithm, key);
    t.same(header, { alg: algorithm, typ: 'JWT' }, 'header as in the seed');
    t.same(Object.keys(claims), ['iss', 'sub', 'exp'], 'claims as in the seed');
    t.equal(claims['iss'], 'my-collab-rest-key');
    t.equal(claims['sub'], 'my-collab-rest-key');
    const exp = Number(claims['exp']);
    t.ok(Number.isInteger(claims['exp']), 'exp is a JSON number of whole seconds');
    t.ok(exp > asked && exp <= asked + 300, `exp is at most 300 s ahead (${exp - asked} s)`);

    const metrics = await (await fetch(`${bearerd.adminUrl}/metrics`)).text();
    const remaining = Number(/^bearerd_token_remaining_seconds\{.*\} (.*)$/m.exec(metrics)?.[1]);
    t.ok(remaining > 340 && remaining <= 360, `the token lives for six minutes (${remaining} s are left)`);
  });
}

t.test('acceptance 6, Collaborate: each token request has an assertion of its own (vector A27)', async (t) => {
  const secret = 'another-secret-of-at-least-32-bytes-length';
  let issued = 0;
  const service = await startUpstream(({ url }, response) => {
    if (url !== '/token') response.end('ok');
    else {
      issued += 1;
      response.end(JSON.stringify({ access_token: `token${issued}`, expires_in: 2 }));
    }
  });
  t.teardown(service.close);
  const bearerd = await startBearerd({
    config: { upstream: service.url, preset: 'collaborate', credential: { key: 'k', secret } },
  });
  t.teardown(() => bearerd.stop());
  while (service.seen.filter(({ url }) => url === '/token').length < 2) {
    await fetch(bearerd.url);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const [first, second] = service.seen.filter(({ url }) => url === '/token').map((seen) => assertionOf(t, seen));
  t.not(first, second);
  t.ok(
    Number(verifyJwt(second ?? '', 'HS256', secret).claims['exp']) >
      Number(verifyJwt(first ?? '', 'HS256', secret).claims['exp']),
  );
});

/** Checks the form of a token request against the seed; returns the assertion. */
function assertionOf(t: Test, seen: Seen | undefined): string {
  t.equal(seen?.method, 'POST');
  t.equal(seen?.headers['content-type'], 'application/x-www-form-urlencoded');
  t.equal(seen?.headers.authorization, undefined, 'no Basic credentials');
  const form = new URLSearchParams(seen?.body.toString('latin1'));
  t.same([...form.keys()], ['grant_type', 'assertion'], 'exactly the form fields of the seed');
  t.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
  return form.get('assertion') ?? '';
}
