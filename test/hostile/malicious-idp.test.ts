import t from 'tap';
import { startBearerd } from '../support/bearerd-process.ts';
import { call } from '../support/hostile-client.ts';
import { startHostile } from '../support/hostile-server.ts';
import { startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';
import { hostileIdps } from './idp-behaviours.ts';

// Issue 7, acceptance 4: a malicious identity provider. All behaviours at the same time, on one process.

const third = await startTcp((socket) => socket.end());
const names = Object.keys(hostileIdps);
const idp = await startHostile(
  Object.fromEntries(Object.entries(hostileIdps).map(([name, { does }]) => [name, does])),
  third.url,
);
const upstream = await startUpstream();
const secret = 'the-secret-that-is-precious';
const bearerd = await startBearerd({
  config: {
    log: { level: 'trace', format: 'json' },
    tokens: { eager: false },
    routes: names.map((name) => ({
      name,
      path: `/${name}`,
      upstream: `${upstream.url}/${name}`,
      credential: name,
    })),
    credentials: Object.fromEntries(
      Object.entries(hostileIdps).map(([name, { slow }]) => [
        name,
        {
          tokenEndpoint: `${idp.url}/${name}/token`,
          clientId: 'me',
          clientSecret: secret,
          // the rest is judged by what it does, however busy the machine is
          timeout: slow ? '800ms' : '25s',
        },
      ]),
    ),
  },
});
t.teardown(async () => {
  await bearerd.stop('SIGKILL');
  await Promise.all([third.close(), upstream.close(), idp.close()]);
});

t.test(`acceptance 4: a malicious identity provider, ${names.length} behaviours`, async (t) => {
  t.ok(names.length >= 40, `${names.length} behaviours`);
  const before = await residentBytes();
  await Promise.all(
    Object.entries(hostileIdps).map(async ([name, { gets, words = /./ }]) => {
      const outcome = await call(`${bearerd.url}/${name}`, 'POST', 'the body');
      const what = `${name}: ${outcome.status} ${outcome.code} after ${Math.round(outcome.tookMs)} ms`;
      t.equal(outcome.code ?? outcome.status, gets, what);
      t.notOk(outcome.cut, what);
      const reached = upstream.seen.filter(({ url }) => url === `/${name}`).length;
      t.equal(reached, gets === 200 ? 1 : 0, `${name}: calls that reached the upstream`);
      if (gets === 200) return;
      const { detail = '' } = JSON.parse(outcome.text) as { readonly detail?: string };
      t.match(detail, words, `${name}: ${detail}`);
      t.match(detail, idp.url, `${name}: the token endpoint is named`);
      t.ok(detail.length < 600, `${name}: ${detail.length} characters`);
      t.notMatch(detail, /[^\x20-\x7e\xa0-\xff‘-”…‹›]/, `${name}: one line without controls`);
      t.equal(idp.asked.get(name)?.length, 1, `${name}: one token request`);
    }),
  );
  t.equal(third.connections, 0, 'nobody else was called');
  const grownMiB = ((await residentBytes()) - before) / 1024 / 1024;
  t.ok(grownMiB < 150, `memory grew by ${grownMiB.toFixed(1)} MiB`);
});

t.test('afterwards everything is as before', async (t) => {
  t.ok(bearerd.running);
  t.equal((await call(`${bearerd.url}/two-tokens`)).status, 200);
  t.equal((await call(`${bearerd.adminUrl}/livez`)).status, 200);
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
  t.notMatch(bearerd.output, /precious|\x1b|BEARERD_INTERNAL/);
});

async function residentBytes(): Promise<number> {
  const { text } = await call(`${bearerd.adminUrl}/metrics`);
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
}
