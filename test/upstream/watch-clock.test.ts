import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { startUpstream } from '../support/upstream.ts';
import { FakeClock } from '../token/support.ts';

t.test('issue 6: the skew of an upstream is told once, and looked at once a minute', async (t) => {
  const clock = new FakeClock();
  clock.wallMs = Date.now();
  let aheadMs = 300_000;
  const upstream = await startUpstream((_, response) => {
    response.setHeader('date', new Date(clock.nowMs() + aheadMs).toUTCString());
    response.end('ok');
  });
  t.teardown(upstream.close);
  const proxy = await startProxy(upstream.url, { deps: { clock } });
  const call = async () => t.equal(await (await fetch(proxy.url)).text(), 'ok');
  await call();
  await call();
  aheadMs = -300_000;
  await call();
  aheadMs = 0;
  clock.advance(60_000);
  await call();
  await proxy.stop();
  const lines = proxy.output.text.split('\n').filter((line) => line.includes('clock_skew'));
  t.equal(lines.length, 2);
  t.match(
    lines[0],
    /"level":"warn".*This machine's clock is 300 s behind the clock of http:\/\/127\.0\.0\.1:\d+; set the clock/,
  );
  t.match(lines[1], /agree again/);
});
