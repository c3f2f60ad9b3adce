import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type BearerdProcess, startBearerd } from '../support/bearerd-process.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

// Interface sections 2 and 9.

t.jobs = 3;

/** bearerd before an API that answers `/slow` only when the test says so; the token is in the configuration. */
async function setUp(
  t: Test,
  settings: object = {},
): Promise<{ bearerd: BearerdProcess; upstream: Upstream; answer: () => void }> {
  let answer = () => {};
  const upstream = await startUpstream(({ url }, response) => {
    if (url !== '/slow') response.end('at once');
    else answer = () => response.end('at last');
  });
  t.teardown(upstream.close);
  const bearerd = await startBearerd({
    config: { upstream: upstream.url, credential: { provider: 'static', token: 'opaque-token' }, ...settings },
  });
  t.teardown(() => bearerd.stop('SIGKILL'));
  return { bearerd, upstream, answer: () => answer() };
}

/** Sends `/slow` and waits until it is with the API. */
async function inFlight({ url }: BearerdProcess, upstream: Upstream): Promise<{ readonly answer: Promise<Response> }> {
  const answer = fetch(`${url}/slow`, { headers: { connection: 'close' } });
  answer.catch(() => {});
  while (upstream.seen.length === 0) await delay(10);
  return { answer };
}

function logged(bearerd: BearerdProcess, event: string): Promise<void> {
  return bearerd.until(() => bearerd.stderr.includes(`"event":"${event}"`), `the log line ${event}`);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} with a request in flight: no new ones, that one ends, exit 0`, async (t) => {
    const { bearerd, upstream, answer } = await setUp(t);
    const slow = await inFlight(bearerd, upstream);
    bearerd.send(signal);
    await logged(bearerd, 'stopping');
    t.equal(await refused(bearerd.url), true, 'new connections are refused');
    t.ok(bearerd.running, 'it waits for what is in flight');
    answer();
    const response = await slow.answer;
    t.equal(response.status, 200);
    t.equal(await response.text(), 'at last');
    t.same(await bearerd.ended(), { code: 0, signal: undefined });
    t.match(bearerd.stderr, '"event":"stopped"');
  });

  t.test(`${signal} and a second signal: exit 130 at once`, async (t) => {
    const { bearerd, upstream } = await setUp(t);
    const slow = await inFlight(bearerd, upstream);
    bearerd.send(signal);
    await logged(bearerd, 'stopping');
    const secondMs = performance.now();
    bearerd.send(signal === 'SIGTERM' ? 'SIGINT' : 'SIGTERM');
    t.same(await bearerd.ended(), { code: 130, signal: undefined });
    t.ok(performance.now() - secondMs < 3_000, 'not after the ten seconds of drainTimeout');
    await t.rejects(slow.answer);
  });
}

t.test('SIGTERM with a request that never ends: drainTimeout, then exit 0', async (t) => {
  const { bearerd, upstream } = await setUp(t, { drainTimeout: '500ms' });
  const slow = await inFlight(bearerd, upstream);
  const askedMs = performance.now();
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
  const tookMs = performance.now() - askedMs;
  t.ok(tookMs >= 450 && tookMs < 5_000, `after ${Math.round(tookMs)} ms`);
  await slow.answer.then(
    ({ status }) => t.equal(status, 503),
    () => t.pass('the connection was closed'),
  );
});

t.test('SIGTERM with an idle kept-alive connection: exit 0 without waiting for it', async (t) => {
  const { bearerd } = await setUp(t);
  const socket = connect(Number(new URL(bearerd.url).port), '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  const askedMs = performance.now();
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
  t.ok(performance.now() - askedMs < 3_000);
  socket.destroy();
});

t.test('SIGHUP does not end the process and loses no request', async (t) => {
  const { bearerd, upstream, answer } = await setUp(t);
  const slow = await inFlight(bearerd, upstream);
  bearerd.send('SIGHUP');
  await delay(200);
  bearerd.send('SIGHUP');
  await delay(200);
  t.ok(bearerd.running);
  answer();
  t.equal(await (await slow.answer).text(), 'at last');
  t.equal(await (await fetch(bearerd.url)).text(), 'at once');
  t.same(
    await bearerd.stop(),
    { code: 0, signal: undefined },
    'SIGTERM after SIGHUP is the first stop, not a second signal',
  );
});

function refused(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}
