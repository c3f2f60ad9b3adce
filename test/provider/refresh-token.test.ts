import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Secret } from '../../src/config/secret.ts';
import { refreshToken } from '../../src/provider/refresh-token.ts';
import { filesInUse, RotatingSecret } from '../../src/provider/rotating-secret.ts';
import { createSecretReader } from '../../src/provider/secret-reader.ts';
import { createTokenCache } from '../../src/token/token-cache.ts';
import { TokenSource } from '../../src/token/token-source.ts';
import { eventually, sleep } from '../support/tcp.ts';
import { FakeClock, failureOf } from '../token/support.ts';
import { configure, type Endpoint, make, obtain, refused, startEndpoint, testContext } from './support.ts';

const first = 'refresh-token-0000';

function written(endpoint: { url: string }, file: string, more: object = {}): Record<string, unknown> {
  return { tokenEndpoint: endpoint.url, clientId: 'id', clientAuthentication: 'none', refreshToken: { file }, ...more };
}

function fileWith(t: Test, text = `${first}\n`): string {
  return join(t.testdir({ tokens: { refresh: text } }), 'tokens', 'refresh');
}

/** Rotates at each use and refuses a used one, as an identity provider with reuse detection does. */
function rotating(): (response: ServerResponse) => void {
  let count = 0;
  return (response) => {
    count += 1;
    response.end(
      JSON.stringify({ access_token: `tok-${count}`, expires_in: 60, refresh_token: `refresh-token-000${count}` }),
    );
  };
}

const sent = ({ seen }: Endpoint) => seen.map(({ body }) => new URLSearchParams(body).get('refresh_token'));

t.test('RFC 6749 §6: the request, and no write where nothing is rotated', async (t) => {
  const endpoint = await startEndpoint(t);
  const file = fileWith(t);
  const before = statSync(file);
  const provider = make(refreshToken, written(endpoint, file, { scope: 'a b' }));
  t.equal((await obtain(provider)).value, 'tok-1');
  t.equal(endpoint.last().body, `grant_type=refresh_token&refresh_token=${first}&client_id=id&scope=a+b`);
  await obtain(provider);
  t.same(sent(endpoint), [first, first]);
  t.equal(statSync(file).ino, before.ino, 'the same file');
});

t.test('RFC 9700 §4.14.2: each rotated token is used once, and stored with mode 0600 whatever it was', async (t) => {
  const endpoint = await startEndpoint(t, rotating());
  const file = fileWith(t);
  chmodSync(file, 0o644);
  const provider = make(refreshToken, written(endpoint, file));
  for (let i = 0; i < 3; i++) await obtain(provider);
  t.same(sent(endpoint), [first, 'refresh-token-0001', 'refresh-token-0002']);
  t.equal(readFileSync(file, 'utf8'), 'refresh-token-0003\n');
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.same(readdirSync(join(file, '..')), ['refresh'], 'nothing is left beside it');
});

t.test('a symbolic link stays one; the file it points at is replaced', async (t) => {
  const endpoint = await startEndpoint(t, rotating());
  const file = fileWith(t);
  const link = join(file, '..', '..', 'link');
  symlinkSync('tokens/refresh', link);
  await obtain(make(refreshToken, written(endpoint, link)));
  t.ok(lstatSync(link).isSymbolicLink());
  t.equal(readFileSync(file, 'utf8'), 'refresh-token-0001\n');
});

t.test('a rotated token is stored although the answer has no usable access token', async (t) => {
  const endpoint = await startEndpoint(t, (response) => response.end('{"refresh_token":"refresh-token-next"}'));
  const file = fileWith(t);
  t.equal((await refused(make(refreshToken, written(endpoint, file)))).failure.reason, 'invalid_token_response');
  t.equal(readFileSync(file, 'utf8'), 'refresh-token-next\n');
});

t.test('wire facts 4.3: a refusal with a rotated refresh token is remembered, as any other', async (t) => {
  let count = 0;
  const endpoint = await startEndpoint(t, (response) => {
    count += 1;
    response.end(
      JSON.stringify({ access_token: 'tok', token_type: 'DPoP', refresh_token: `refresh-token-000${count}` }),
    );
  });
  const file = fileWith(t);
  const clock = new FakeClock();
  const { log } = testContext();
  const provider = make(refreshToken, written(endpoint, file), testContext({ clock }));
  const events = { requestEnded: () => {}, refreshShared: () => {}, becameCurrent: () => {} };
  const source = new TokenSource('k', provider, createTokenCache(1), { clock, random: () => 0, log, events });
  for (let i = 0; i < 4; i++) {
    t.equal((await failureOf(source.get(true))).failure.reason, 'unsupported_token_type');
    clock.advance(1_000);
  }
  t.same(sent(endpoint), [first], 'what bearerd has written itself mends nothing');
  writeFileSync(file, 'signed-in-again');
  await failureOf(source.get(true));
  t.same(sent(endpoint), [first, 'signed-in-again'], 'what somebody else has written does');
});

t.test(
  'where it cannot be stored it works from memory, says so, and is stored as soon as that is possible',
  async (t) => {
    const endpoint = await startEndpoint(t, rotating());
    const file = fileWith(t);
    const context = testContext();
    const provider = make(refreshToken, written(endpoint, file), context);
    // A folder in the file's place cannot be renamed over, whoever runs the test.
    rmSync(file);
    mkdirSync(join(file, 'in-the-way'), { recursive: true });
    t.match((await refused(provider)).failure, { reason: 'secret_unreadable', kind: 'transient' });
    rmSync(file, { recursive: true });
    writeFileSync(file, first);
    const rotated = new RotatingSecret(new Secret({ kind: 'file', path: file }), context.log);
    const secrets = createSecretReader(context.log);
    t.equal(await rotated.current(secrets), first);
    rmSync(file);
    mkdirSync(join(file, 'in-the-way'), { recursive: true });
    await rotated.store('refresh-token-next', secrets);
    t.match(context.lines.at(-1), {
      level: 'error',
      fields: { event: 'refresh_token_not_stored' },
      message: /in memory only/,
    });
    t.equal(await rotated.current(secrets), 'refresh-token-next');
    t.same(readdirSync(join(file, '..')), ['refresh'], 'no temporary file stays');
    rmSync(file, { recursive: true });
    t.equal(await rotated.current(secrets), 'refresh-token-next');
    t.equal(readFileSync(file, 'utf8'), 'refresh-token-next\n');
    t.notMatch(JSON.stringify(context.lines), 'refresh-token-next');
  },
);

t.test('a token that somebody else puts into the file wins over the one in memory', async (t) => {
  const file = fileWith(t);
  const { log } = testContext();
  const rotated = new RotatingSecret(new Secret({ kind: 'file', path: file }), log);
  const secrets = createSecretReader(log);
  await rotated.current(secrets);
  const read = readFileSync(file);
  rmSync(file);
  mkdirSync(join(file, 'in-the-way'), { recursive: true });
  await rotated.store('in-memory-only', secrets);
  rmSync(file, { recursive: true });
  writeFileSync(file, 'signed-in-again');
  t.equal(await rotated.current(secrets), 'signed-in-again');
  writeFileSync(file, read);
  t.equal(await rotated.current(secrets), first);
});

t.test('invalid_grant is permanent, in the words of the identity provider, with what to do', async (t) => {
  const endpoint = await startEndpoint(t, (response) => {
    response
      .writeHead(400)
      .end(JSON.stringify({ error: 'invalid_grant', error_description: `Token ${first} was revoked` }));
  });
  const file = fileWith(t);
  const error = await refused(make(refreshToken, written(endpoint, file)));
  t.match(error.failure, { kind: 'permanent', reason: 'invalid_grant' });
  t.equal(error.message, `POST ${endpoint.url} answered 400 invalid_grant: "Token ‹secret› was revoked".`);
  t.match(error.occurrence.action, `Sign in again and put the new refresh token into the file ${file}`);
  t.equal(readFileSync(file, 'utf8'), `${first}\n`, 'the file is left alone');
});

t.test('an abort ends the wait but not the exchange, and close() waits for its answer', async (t) => {
  let answer = (): void => {};
  const rotate = rotating();
  let asked = (): void => {};
  const arrived = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const endpoint = await startEndpoint(t, (response) => {
    answer = () => rotate(response);
    asked();
  });
  const file = fileWith(t);
  const provider = make(refreshToken, written(endpoint, file));
  const controller = new AbortController();
  const failing = refused(provider, controller.signal);
  await arrived;
  controller.abort();
  t.equal((await failing).failure.reason, 'aborted');
  const closed = provider.close?.();
  answer();
  await closed;
  t.equal(readFileSync(file, 'utf8'), 'refresh-token-0001\n');
  t.equal((await refused(provider, controller.signal)).failure.reason, 'aborted', 'nothing is begun for who has left');
  t.equal(endpoint.seen.length, 1);
});

t.test('two callers at once do not use the same refresh token', async (t) => {
  const endpoint = await startEndpoint(t, rotating());
  const provider = make(refreshToken, written(endpoint, fileWith(t)));
  await Promise.all([obtain(provider), obtain(provider)]);
  t.same(sent(endpoint), [first, 'refresh-token-0001']);
});

/** Holds each answer back until it is let go, and rotates; a token that comes a second time is told in `reused`. */
async function startSlow(t: Test) {
  const rotate = rotating();
  const waiting: (() => void)[] = [];
  const endpoint = await startEndpoint(t, (response) => void waiting.push(() => rotate(response)));
  const next = async (): Promise<void> => {
    await eventually(() => waiting.length > 0, 'the next token request');
    waiting.shift()?.();
  };
  return { endpoint, next, waiting };
}

t.test('RFC 9700 §4.14.2: two providers on one file (a reload makes a second one) take turns', async (t) => {
  const { endpoint, next, waiting } = await startSlow(t);
  const file = fileWith(t);
  const old = make(refreshToken, written(endpoint, file));
  const first = obtain(old);
  await eventually(() => waiting.length === 1, 'the request of the old one is out');
  const fresh = make(refreshToken, written(endpoint, file, { scope: 'a b' }));
  const second = obtain(fresh);
  const closed = old.close?.();
  await sleep(50);
  t.equal(waiting.length, 1, 'the new one waits');
  await next();
  t.equal((await first).value, 'tok-1');
  await next();
  t.equal((await second).value, 'tok-2');
  await closed;
  t.same(sent(endpoint), ['refresh-token-0000', 'refresh-token-0001']);
  t.equal(filesInUse(), 0, 'nothing is kept of a file that nobody uses');
});

t.test('a provider made later uses the token that an earlier one could not store', async (t) => {
  const { endpoint, next, waiting } = await startSlow(t);
  const file = fileWith(t);
  const old = make(refreshToken, written(endpoint, file));
  const asked = obtain(old);
  await eventually(() => waiting.length === 1, 'the token request');
  rmSync(file);
  mkdirSync(join(file, 'in-the-way'), { recursive: true });
  await next();
  await asked;
  await old.close?.();
  t.equal(filesInUse(), 1, 'kept until it is stored');
  const again = obtain(make(refreshToken, written(endpoint, file, { scope: 'a b' })));
  await eventually(() => waiting.length === 1, 'the token request of the second one');
  rmSync(file, { recursive: true });
  await next();
  await again;
  t.same(sent(endpoint), [first, 'refresh-token-0001']);
  t.equal(readFileSync(file, 'utf8'), 'refresh-token-0002\n');
  t.equal(filesInUse(), 0);
});

t.test('who leaves, or is closed, while another has its turn asks for nothing and waits for nobody', async (t) => {
  const { endpoint, next, waiting } = await startSlow(t);
  const file = fileWith(t);
  const one = obtain(make(refreshToken, written(endpoint, file)));
  await eventually(() => waiting.length === 1, 'the first request');
  const controller = new AbortController();
  const other = make(refreshToken, written(endpoint, file, { scope: 'a b' }));
  const [left, closed] = [refused(other, controller.signal), refused(other)];
  controller.abort();
  t.equal((await left).failure.reason, 'aborted');
  await other.close?.();
  t.equal(waiting.length, 1, 'the first one is still out');
  await next();
  await one;
  t.equal((await closed).failure.reason, 'aborted');
  t.equal(endpoint.seen.length, 1);
  t.equal(filesInUse(), 0);
});

t.test('mistakes', async (t) => {
  const { problems } = configure(refreshToken, { tokenEndpoint: 'https://idp.test/', clientId: 'x' });
  t.match(problems.join(), /refreshToken.file: is missing/);
  const { lints } = configure(refreshToken, written({ url: 'https://idp.test/' }, '/nowhere/refresh'));
  t.match(lints, [{ path: 'refreshToken.file', severity: 'warning' }]);
});
