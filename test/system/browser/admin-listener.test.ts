import t from 'tap';
import { Chromium } from '../../support/chromium.ts';
import { startGuarded, startOldBrowser, startPageServer } from './stage.ts';

// Issue 7: the admin listener stands behind the same guard and sends no CORS headers to anybody. A foreign page, also one that
// may call the proxy, starts no token request there, reads nothing and frames nothing.

const chromium = await Chromium.start({ hosts: { 'evil.example': '127.0.0.1' } });
t.teardown(() => chromium.close());
const pages = await startPageServer();
t.teardown(() => pages.close());
const home = `http://evil.example:${pages.port}`;

const refresh = '/api/credentials/test/refresh';
const json = `{ method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }`;

/** What a page may do, as an expression that says what came of it; `admin` is the listener's origin. */
const attempts: readonly [what: string, script: string, own: string][] = [
  ['a refresh', `fetch(admin + '${refresh}', ${json}).then(({ status }) => status)`, '200'],
  [
    'the status',
    `fetch(admin + '/api/status').then((answer) => answer.json()).then(({ credentials }) => credentials[0].name)`,
    'test',
  ],
  [
    'the metrics',
    `fetch(admin + '/metrics').then((answer) => answer.text()).then((text) => text.slice(0, 6))`,
    '# HELP',
  ],
  [
    'the events',
    `new Promise((resolve) => {
      const events = new EventSource(admin + '/api/events');
      events.onopen = () => { events.close(); resolve('open'); };
      events.onerror = () => { events.close(); resolve('unreadable'); };
    })`,
    'open',
  ],
];

/** @param from origin of the page that runs it */
async function outcome(from: string, admin: string, script: string): Promise<string> {
  const page = await chromium.newPage();
  await page.open(`${from}/`);
  const value = await page.evaluate(
    `{ const admin = ${JSON.stringify(admin)}; Promise.resolve(${script}).catch(() => 'unreadable'); }`,
  );
  await page.close();
  return String(value);
}

t.test('a foreign page gets nothing of the admin listener; control: its own page does', async (t) => {
  const { proxy, close } = await startGuarded({ allowedOrigins: [home] });
  t.teardown(close);
  const { adminUrl } = proxy;
  for (const [what, script] of attempts) t.equal(await outcome(home, adminUrl, script), 'unreadable', what);
  t.equal(proxy.tokens.count, 0);
  for (const [what, script, own] of attempts)
    t.equal(await outcome(adminUrl, adminUrl, script), own, `control: ${what}`);
  t.equal(proxy.tokens.count, 1);
});

t.test('a refresh that needs no preflight is refused, even to its own page', async (t) => {
  const { proxy, close } = await startGuarded({ allowedOrigins: [home] });
  t.teardown(close);
  const simple = `fetch(admin + '${refresh}', { method: 'POST', body: '{}' }).then(({ status }) => status)`;
  t.equal(await outcome(home, proxy.adminUrl, simple), 'unreadable');
  t.equal(await outcome(proxy.adminUrl, proxy.adminUrl, simple), '415');
  t.equal(proxy.tokens.count, 0);
});

t.test('the status page is in no frame, also of a browser that says nothing about the page', async (t) => {
  const { proxy, close } = await startGuarded({});
  t.teardown(close);
  const old = await startOldBrowser(Number(new URL(proxy.adminUrl).port));
  t.teardown(() => old.close());
  const page = await chromium.newPage();
  await page.open(`${home}/`);
  await page.evaluate(`frame({ src: 'http://127.0.0.1:${old.port}/' })`);
  const told = () => page.console.some(({ text }) => text.includes("frame-ancestors 'none'"));
  for (const end = Date.now() + 30_000; !told() && Date.now() < end; )
    await new Promise((next) => setTimeout(next, 25));
  t.ok(told(), 'the browser refuses to show it');
  await page.open(`http://127.0.0.1:${old.port}/`);
  await page.until(`document.title.includes('bearerd')`, 'control: by itself it is shown');
  await page.close();
});
