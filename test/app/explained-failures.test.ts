import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { CredentialStatus } from '../../src/admin/status.ts';
import type { Contradiction } from '../../src/challenge/contradiction/contradiction.ts';
import { startCollibra } from '../../src/emulator/collibra.ts';
import type { FaultChange } from '../../src/emulator/faults.ts';
import { demoClient, startIdp } from '../../src/emulator/idp.ts';
import { createProxy } from '../../src/library/create-proxy.ts';
import { MemoryStream } from '../support/memory-stream.ts';

const idp = await startIdp();
const slowClock = await startIdp({ nowMs: () => Date.now() - 600_000 });
const collibra = await startCollibra({
  jwksUrl: idp.jwksUrl,
  issuer: idp.issuer,
  audience: 'collibra',
  algorithms: ['RS256'],
});
const late = await startCollibra({ jwksUrl: slowClock.jwksUrl, issuer: slowClock.issuer });
t.teardown(() => Promise.all([idp, slowClock, collibra, late].map((one) => one.close())));
t.afterEach(() => Promise.all([idp, slowClock, collibra].map((one) => one.faults.apply({ reset: true }))));

const expect = {
  issuer: idp.issuer,
  audience: 'collibra',
  type: ['at+jwt', 'jwt'],
  algorithms: ['RS256'],
  principal: { claim: 'sub', value: demoClient.id },
};

interface Body {
  readonly detail?: string;
  readonly action?: string;
  readonly findings?: readonly Contradiction[];
}

/** A proxy before the emulated Collibra, with a credential as it is given. */
async function proxyWith(t: Test, credential: object, upstream = collibra.url, preset = 'collibra') {
  const logStream = new MemoryStream();
  const proxy = await createProxy(
    { listen: '127.0.0.1:0', admin: '127.0.0.1:0', upstream, preset, tokens: { eager: false }, credential },
    { logStream },
  );
  const [url = ''] = await proxy.start();
  t.teardown(() => proxy.stop());
  const ask = async () => {
    const answer = await fetch(`${url}/rest/2.0/communities`);
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  const status = async () => {
    const answer = await fetch(`${proxy.adminUrl}/api/status`);
    const { credentials } = (await answer.json()) as { credentials: CredentialStatus[] };
    return credentials[0];
  };
  const events = async (name: string) => {
    await delay(100);
    return logStream.records().filter(({ event }) => event === name);
  };
  return { ask, status, events };
}

const client = { clientId: demoClient.id, clientSecret: demoClient.secret };
const discovered = { ...client, issuer: idp.issuer };

t.test('each misconfiguration is named: in the answer, in the log and in the status', async (t) => {
  const rows: readonly [FaultChange, string, string, string][] = [
    [{ typ: 'x+jwt' }, 'type_not_accepted', "its typ is 'x+jwt', and Collibra accepts at+jwt, jwt", 'JWT Token Types'],
    [{ issuer: `${idp.issuer}/` }, 'issuer_slash', 'differ only in the slash at the end', 'JWT Issuer'],
    [
      { issuer: 'https://other' },
      'issuer_differs',
      `iss is 'https://other', and Collibra expects '${idp.issuer}'`,
      'JWT Issuer',
    ],
    [{ audience: 'collibra-test' }, 'audience_differs', "aud is 'collibra-test'", 'JWT Audience'],
    [
      { algorithm: 'HS256' },
      'algorithm_not_accepted',
      "the algorithm 'HS256', and Collibra accepts RS256",
      'JWT Algorithms',
    ],
    [{ algorithm: 'none' }, 'algorithm_not_accepted', 'nothing (alg none)', 'JWT Algorithms'],
    [{ kid: 'elsewhere' }, 'kid_not_published', "kid 'elsewhere' is not in the key set", 'jwks_uri'],
    [{ kid: '' }, 'kid_missing', 'has no kid', 'kid'],
    [{ forged: true }, 'signature_invalid', 'signature does not verify', 'jwks_uri'],
    [{ opaque: true }, 'opaque_token', 'opaque (1 section)', 'JWT access tokens'],
    [{ subject: 'nobody' }, 'principal_differs', `the user as '${demoClient.id}'`, 'JWT Principal ID Claim Name'],
    [{ subject: '' }, 'principal_missing', "has no 'sub'", 'JWT Principal ID Claim Name'],
    [{ jwksDown: true }, 'keys_unreachable', "issuer's keys cannot be had", 'JSON Web Key Set URL'],
  ];
  for (const [fault, id, sentence, setting] of rows) {
    await t.test(JSON.stringify(fault), async (t) => {
      await idp.faults.apply({ reset: true, ...fault });
      const { ask, status, events } = await proxyWith(t, { ...discovered, expect });
      const { status: code, body } = await ask();
      t.equal(code, 502);
      t.match(body.findings?.[0], {
        id,
        sentence,
        cure: setting,
        certainty: id === 'kid_missing' ? 'likely' : 'certain',
      });
      t.match(body.detail, sentence);
      t.match(body.action, setting);
      const [line] = await events('challenge');
      t.match(line, { findings: [id], msg: sentence });
      t.match((await status())?.lastRefusal, { route: 'collibra', detail: body.detail, findings: body.findings });
    });
  }
});

t.test('without expect: the defaults of the API, the discovered issuer and its keys', async (t) => {
  for (const [fault, id] of [
    [{ typ: 'x+jwt' }, 'type_not_accepted'],
    [{ issuer: `${idp.issuer}/` }, 'issuer_slash'],
    [{ forged: true }, 'signature_invalid'],
    [{ subject: 'nobody' }, 'principal_unknown'],
  ] as const) {
    await idp.faults.apply({ reset: true, ...fault });
    const { ask } = await proxyWith(t, discovered);
    t.equal((await ask()).body.findings?.[0]?.id, id);
  }
});

t.test('what nothing contradicts is told as facts to compare', async (t) => {
  await idp.faults.apply({ audience: 'collibra-test' });
  const { ask } = await proxyWith(t, discovered);
  // the API's own words are better than none
  t.match((await ask()).body.findings, [{ id: 'audience_differs', sentence: "its aud is 'collibra-test'" }]);
  await collibra.faults.apply({ refuse: 'invalidToken' });
  const { body } = await ask();
  t.equal(body.findings, undefined);
  t.match(body.detail, "it is for aud 'collibra-test'");
});

t.test('a token that worked and is refused: revoked, or its key withdrawn', async (t) => {
  const form = { grant_type: 'client_credentials', client_id: demoClient.id, client_secret: demoClient.secret };
  const answer = await fetch(idp.tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const fixed = { provider: 'static', token, expect: { ...expect, jwks: idp.jwksUrl } };
  const { ask, status } = await proxyWith(t, fixed);
  const other = await proxyWith(t, fixed);
  t.equal((await other.ask()).status, 200);
  t.equal((await ask()).status, 200);
  t.equal((await status())?.lastRefusal, null);
  await collibra.faults.apply({ revoke: true });
  t.match((await ask()).body.findings?.[0], { id: 'revoked', sentence: 'was revoked' });
  await idp.faults.apply({ rotateKeys: true });
  const { body } = await other.ask();
  t.match(body.findings?.[0], { id: 'kid_not_published', sentence: 'the keys have been rotated' });
  t.notMatch(JSON.stringify(body), token.slice(-40));
});

t.test('an API without codes: its own 401 goes through, the log and the status say what is wrong', async (t) => {
  await collibra.faults.apply({ status: 401, at: 'api' });
  await idp.faults.apply({ audience: 'collibra-test' });
  const { ask, status, events } = await proxyWith(t, { ...discovered, expect }, collibra.url, 'none');
  const { status: code, body } = await ask();
  t.equal(code, 401);
  t.equal(body.findings, undefined);
  t.match((await events('challenge')).at(-1), { rule: 'M2a', findings: ['audience_differs'], msg: 'collibra-test' });
  t.match((await status())?.lastRefusal, { findings: [{ id: 'audience_differs' }], detail: "aud is 'collibra-test'" });
  await idp.faults.apply({ reset: true });
  const fine = await proxyWith(t, { ...discovered, expect }, collibra.url, 'none');
  t.equal((await fine.ask()).status, 401);
  t.equal((await fine.status())?.lastRefusal, null, 'nothing is known to be wrong with the token');
});

t.test("the identity provider's clock is 10 minutes late", async (t) => {
  const { ask } = await proxyWith(t, { ...client, issuer: slowClock.issuer }, late.url);
  const { body } = await ask();
  t.match(body.findings?.[0], { id: 'expired', sentence: "expired 5 min ago by this machine's clock" });
  t.match(body.action, 'JWT Maximum Clock Skew');
});

t.test('a fresh token that contradicts expect is told at once, and once', async (t) => {
  await idp.faults.apply({ audience: 'collibra-test', lifetimeSeconds: 1 });
  const { ask, status, events } = await proxyWith(t, { ...discovered, expect });
  await ask();
  t.match((await status())?.token.findings, [{ id: 'audience_differs' }]);
  await delay(1100);
  await ask();
  t.match(await events('token_contradicts'), [
    { findings: ['audience_differs'], msg: 'The API will refuse the new token' },
  ]);
  t.equal((await events('token_contradicts')).length, 1);
  t.ok((await events('token_obtained')).length > 1);
  await idp.faults.apply({ reset: true });
  await delay(1100);
  t.equal((await ask()).status, 200);
  t.equal((await events('token_as_expected')).length, 1);
  t.strictSame((await status())?.token.findings, []);
});

t.test('keys that do not come hold an answer up for a second at most', async (t) => {
  await idp.faults.apply({ slowMs: 4000, at: 'api', issuer: 'https://other' });
  const { ask } = await proxyWith(t, { ...client, tokenEndpoint: idp.tokenEndpoint, issuer: idp.issuer });
  const startedMs = performance.now();
  t.equal((await ask()).body.findings?.[0]?.id, 'issuer_differs');
  const tookMs = performance.now() - startedMs;
  t.ok(tookMs < 3500, `${Math.round(tookMs)} ms`);
});
