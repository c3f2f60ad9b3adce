import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ConfigurationError, createProxy, defineProvider, object, string } from '../../src/index.ts';
import { startEndpoint } from '../provider/support.ts';
import { MemoryStream } from '../support/memory-stream.ts';
import { startUpstream } from '../support/upstream.ts';

async function world(t: Test) {
  const endpoint = await startEndpoint(t);
  const upstream = await startUpstream();
  t.teardown(() => upstream.close());
  const credential = { tokenEndpoint: endpoint.url, clientId: 'id', clientSecret: `embedded-$\{s3cret}` };
  return { endpoint, upstream, config: { listen: 0, upstream: upstream.url, credential } };
}

t.test(
  'a proxy from an object: start, a request, stop; no admin listener, no log, nothing replaced in a secret',
  async (t) => {
    const { endpoint, upstream, config } = await world(t);
    const proxy = await createProxy(config);
    t.same(proxy.urls, []);
    const urls = await proxy.start();
    t.match(urls, [/^http:\/\/127\.0\.0\.1:\d+$/]);
    t.same(proxy.urls, urls);
    t.equal(proxy.adminUrl, undefined);
    t.same(proxy.warnings, []);
    t.equal((await fetch(`${urls[0]}/x`)).status, 200);
    t.equal(upstream.seen[0]?.headers.authorization, 'Bearer tok-1');
    t.match(
      Buffer.from(endpoint.last().headers.authorization?.slice(6) ?? '', 'base64').toString(),
      'embedded-%24%7Bs3cret%7D',
    );
    await proxy.stop();
    t.same(proxy.urls, []);
    await t.rejects(fetch(`${urls[0]}/x`));
  },
);

t.test('a proxy from a file, with an environment, a folder, a log and an admin listener', async (t) => {
  const { endpoint, upstream } = await world(t);
  const cwd = t.testdir({ secret: 'file-s3cret-value' });
  const written = `listen: 0\nadmin: 127.0.0.1:0\nupstream: \${API}\ncredential:\n  tokenEndpoint: ${endpoint.url}\n  clientId: id\n  clientSecret: { file: ./secret }\n`;
  writeFileSync(join(cwd, 'proxy.yaml'), written);
  const logStream = new MemoryStream();
  const proxy = await createProxy('proxy.yaml', {
    cwd,
    env: { API: upstream.url, BEARERD_LOG_LEVEL: 'debug' },
    logStream,
  });
  const [url] = await proxy.start();
  t.equal((await fetch(`${url}/x`)).status, 200);
  t.equal((await fetch(`${proxy.adminUrl}/readyz`)).status, 200);
  await proxy.stop();
  t.match(logStream.text, '"event":"token_obtained"');
  t.notMatch(logStream.text, 'file-s3cret-value');
  await t.rejects(createProxy('proxy.yaml', { cwd }), { message: /the environment variable API is not set/ });
});

t.test('reload: another object, the same file once more, and a bad one that changes nothing', async (t) => {
  const { upstream, config } = await world(t);
  const other = await startUpstream((_seen, response) => response.end('other'));
  t.teardown(() => other.close());
  const proxy = await createProxy(config);
  const [url] = await proxy.start();
  const text = async () => (await fetch(`${url}/x`)).text();
  t.equal(await text(), 'ok');
  t.same(await proxy.reload({ ...config, upstream: other.url }), [url]);
  t.equal(await text(), 'other');
  await t.rejects(proxy.reload({ ...config, upstream: 'ftp://x' }), { name: 'ConfigurationError' });
  t.equal(await text(), 'other');
  await proxy.reload();
  t.equal(await text(), 'other', 'without a source the one in force');
  t.equal(upstream.seen.length, 1);
  await proxy.stop();
});

t.test('mistakes in an object are told by key, not by flag or line', async (t) => {
  const circle: Record<string, unknown> = { level: 'info' };
  circle['self'] = circle;
  const failed = await createProxy({
    upstream: 'x',
    credential: { clientId: 7n },
    log: circle,
    replay: undefined,
  }).catch((error) => error);
  t.ok(failed instanceof ConfigurationError);
  for (const line of [
    /^configuration: log.self: contains itself; write what a JSON file could have$/m,
    /^configuration: credential.clientId: is a bigint; write what a JSON file could have$/m,
    /^configuration: upstream: is not an absolute URL/m,
    /^configuration: credential.tokenEndpoint: is missing; write tokenEndpoint: https/m,
  ]) {
    t.match(failed.message, line);
  }
  t.notMatch(failed.message, '--');
});

t.test('providers of your own beside those of bearerd', async (t) => {
  const { upstream } = await world(t);
  const greeter = defineProvider({
    kind: 'greeter',
    schema: object({ name: string({ doc: 'Whom.', required: true }) }, { doc: 'Greets.' }),
    create: ({ name }, { clock }) => ({
      requestToken: async () => ({
        value: `hello-${name}`,
        requestedAtMs: clock.nowMs(),
        lifetimeMs: undefined,
        lifetimeSource: 'configured',
      }),
    }),
  });
  const config = { listen: 0, upstream: upstream.url, credential: { provider: 'greeter', name: 'Ada' } };
  const proxy = await createProxy(config, { providers: [greeter] });
  const [url] = await proxy.start();
  await fetch(`${url}/x`);
  t.equal(upstream.seen[0]?.headers.authorization, 'Bearer hello-Ada');
  await proxy.stop();
  await t.rejects(createProxy(config), { message: /there is no provider 'greeter'/ });
  await t.rejects(createProxy(config, { providers: [greeter, greeter] }), {
    message: 'there are two providers with the name greeter',
  });
});
