import t from 'tap';
import { CountingProvider, startProxy } from '../support/proxy.ts';
import { eventually } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';

t.test('a caller who waits for a token of a replaced credential gets it, however short drainTimeout is', async (t) => {
  const upstream = await startUpstream((_, response) => response.end('ok'));
  t.teardown(upstream.close);
  const provider = new CountingProvider();
  const held: ((token: object) => void)[] = [];
  provider.answer = (n) => (n === 1 ? new Promise((resolve) => held.push(resolve)) : Promise.resolve({}));
  const proxy = await startProxy(upstream.url, { provider, config: { drainTimeout: 1 } });
  t.teardown(proxy.stop);
  const waiting = fetch(proxy.url);
  await eventually(() => provider.count === 1, 'the token request');
  const [credential] = proxy.config.credentials;
  if (credential === undefined) throw new Error('there is a credential');
  const replaced = { ...credential, fingerprint: 'another' };
  let ended = false;
  await proxy.app.reload({
    ...proxy.config,
    credentials: [{ ...replaced, create: () => ({ requestToken: provider.requestToken }) }],
  });
  t.equal((await fetch(proxy.url)).status, 200, 'the new credential works meanwhile');
  // The timer of drainTimeout was set before this one.
  await new Promise((resolve) => setTimeout(resolve, 20));
  void waiting.then(() => {
    ended = true;
  });
  t.notOk(ended);
  for (const give of held) give({});
  const answer = await waiting;
  t.equal(answer.status, 200, await answer.text());
  t.equal(upstream.seen.length, 2);
});

t.test('a stop ends the wait for a replaced credential whose provider never answers', async (t) => {
  const upstream = await startUpstream((_, response) => response.end('ok'));
  t.teardown(upstream.close);
  const provider = new CountingProvider();
  provider.answer = () => new Promise(() => {});
  const proxy = await startProxy(upstream.url, { provider, config: { drainTimeout: 1 } });
  const waiting = fetch(proxy.url).then(
    ({ status }) => status,
    () => 'broken off',
  );
  await eventually(() => provider.count === 1, 'the token request');
  await proxy.app.reload({
    ...proxy.config,
    credentials: proxy.config.credentials.map((one) => ({ ...one, fingerprint: 'another' })),
  });
  await proxy.stop();
  t.not(await waiting, 200);
});
