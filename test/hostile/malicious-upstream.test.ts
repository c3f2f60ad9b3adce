import t from 'tap';
import { startBearerd } from '../support/bearerd-process.ts';
import { call } from '../support/hostile-client.ts';
import { startHostile } from '../support/hostile-server.ts';
import { startTcp } from '../support/tcp.ts';
import { startUpstream } from '../support/upstream.ts';
import { hostileUpstreams } from './upstream-behaviours.ts';

// Issue 7, acceptance 4: a malicious upstream. All behaviours at the same time, on one process.

const third = await startTcp((socket) => socket.end());
const names = Object.keys(hostileUpstreams);
const upstream = await startHostile(
  Object.fromEntries(Object.entries(hostileUpstreams).map(([name, { does }]) => [name, does])),
  third.url,
);
let issued = 0;
const idp = await startUpstream((_seen, response) => {
  issued += 1;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ access_token: `the-token-that-is-precious-${issued}`, expires_in: 300 }));
});
const bearerd = await startBearerd({
  config: {
    log: { level: 'trace', format: 'json' },
    tokens: { eager: false },
    routes: Object.entries(hostileUpstreams).map(([name, { slow }], n) => ({
      name,
      path: `/${name}`,
      upstream: `${upstream.url}/${name}`,
      preset: 'collibra',
      credential: name,
      cookies: 'keep',
      // the rest is judged by what it does, however busy the machine is; and by its own connections: no two limits are the same
      timeouts: slow ? { headers: `${800 + n}ms`, idle: '800ms' } : { headers: `${25_000 + n}ms`, idle: '25s' },
    })),
    credentials: Object.fromEntries(
      names.map((name) => [name, { tokenEndpoint: `${idp.url}/${name}`, clientId: 'me', clientSecret: 'a-secret' }]),
    ),
  },
});
t.teardown(async () => {
  await bearerd.stop('SIGKILL');
  await Promise.all([third.close(), upstream.close(), idp.close()]);
});

t.test(`acceptance 4: a malicious upstream, ${names.length} behaviours`, async (t) => {
  t.ok(names.length >= 40, `${names.length} behaviours`);
  const before = await residentBytes();
  await Promise.all(
    Object.entries(hostileUpstreams).map(async ([name, { gets, cut = false, atOnce }]) => {
      const outcome = await call(`${bearerd.url}/${name}`, 'GET', '', cut ? 1_500 : undefined);
      const what = `${name}: ${outcome.status} ${outcome.code}${outcome.cut ? ' cut' : ''} after ${Math.round(outcome.tookMs)} ms`;
      const got = outcome.code ?? outcome.status;
      // a reset may overtake the head that it follows
      const early = atOnce !== undefined && outcome.code === atOnce;
      t.ok(got === gets || early || (cut && got === 0), what);
      t.equal(outcome.cut, cut && !early, what);
      t.notMatch(outcome.fields.join('\n'), /x-evil|precious/i, `${name}: no field of its making, no token`);
      const calls = upstream.asked.get(name)?.length ?? 0;
      t.ok(calls === 1 || calls === 2, `${name}: ${calls} calls arrived`);
    }),
  );
  t.equal(third.connections, 0, 'nobody else was called');
  const grownMiB = ((await residentBytes()) - before) / 1024 / 1024;
  t.ok(grownMiB < 150, `memory grew by ${grownMiB.toFixed(1)} MiB`);
});

t.test('afterwards everything is as before', async (t) => {
  t.ok(bearerd.running);
  const again = await call(`${bearerd.url}/alt-svc`);
  t.equal(again.status, 200);
  t.equal((await call(`${bearerd.adminUrl}/livez`)).status, 200);
  t.same(await bearerd.stop(), { code: 0, signal: undefined });
  t.notMatch(bearerd.output, /precious|\x1b|BEARERD_INTERNAL/);
});

async function residentBytes(): Promise<number> {
  const { text } = await call(`${bearerd.adminUrl}/metrics`);
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
}
