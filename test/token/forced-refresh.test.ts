import t from 'tap';
import { bench, failureOf, settled, warm } from './support.ts';

// Interface section 6, POST /api/credentials/NAME/refresh, and section 9, a changed secret.

t.test('refreshNow asks although the token is fresh; callers get the current one meanwhile', async (t) => {
  const { source, provider, first } = await warm(3600);
  const done = source.refreshNow();
  t.equal(provider.calls.length, 2);
  t.equal(source.get(true), first, 'nobody waits');
  provider.give('token2', 3600);
  await done;
  t.match(await source.get(true), { generation: 2 });
});

t.test('refreshNow joins a request that is in flight', async (t) => {
  const { source, provider } = bench();
  const got = source.get(true);
  const done = source.refreshNow();
  t.equal(provider.calls.length, 1);
  provider.give('token1', 3600);
  await Promise.all([got, done]);
});

t.test('refreshNow asks in spite of the failure memory, and fails with the words of its own attempt', async (t) => {
  const { source, provider } = bench();
  const failed = failureOf(source.get(true));
  provider.fail('permanent');
  await failed;
  const again = source.refreshNow();
  t.equal(provider.calls.length, 2);
  provider.fail('transient');
  await t.rejects(again, { code: 'BEARERD_TOKEN_UNAVAILABLE' });
});

t.test('a refreshNow that fails leaves the token in use where it is', async (t) => {
  const { source, provider, first } = await warm(3600);
  const done = source.refreshNow();
  provider.fail('permanent');
  await t.rejects(done, { code: 'BEARERD_TOKEN_REFUSED' });
  t.equal(source.get(true), first);
});

t.test('after close() refreshNow fails and asks nothing', async (t) => {
  const { source, provider } = await warm(3600);
  source.close();
  t.equal((await source.refreshNow().catch((error) => error)).failure.reason, 'closed');
  t.equal(provider.calls.length, 1);
});

t.test('forgive ends the failure memory: the next caller asks at once, nothing is asked before', async (t) => {
  const { source, provider } = bench();
  const failed = failureOf(source.get(true));
  provider.fail('permanent');
  await failed;
  await failureOf(source.get(true));
  t.equal(provider.calls.length, 1, 'remembered');
  source.forgive();
  await settled();
  t.equal(provider.calls.length, 1);
  const got = source.get(true);
  t.equal(provider.calls.length, 2);
  provider.give('token1', 3600);
  t.match(await got, { generation: 1 });
});

t.test('forgive keeps the token in use', async (t) => {
  const { source, provider, first } = await warm(3600);
  source.forgive();
  t.equal(source.get(true), first);
  t.equal(provider.calls.length, 1);
});
