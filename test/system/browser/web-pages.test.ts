import t from 'tap';
import { Chromium } from '../../support/chromium.ts';
import { attempts } from './attempts.ts';
import { makeAttempts } from './make-attempts.ts';
import { startGuarded, startOldBrowser, startPageServer } from './stage.ts';

// Issue 7, acceptance 1: whatever a page tries in a real browser, no request and no token request comes of it, and each
// attempt arrives where the guard is relaxed, so that it is the guard which holds it.

const chromium = await Chromium.start({ hosts: { 'evil.example': '127.0.0.1', 'other.example': '127.0.0.1' } });
t.teardown(() => chromium.close());
const pages = await startPageServer();
t.teardown(() => pages.close());
const other = `http://other.example:${pages.port}`;

const places: readonly [what: string, home: string, proxy: string][] = [
  ['a page of another port of localhost', `http://localhost:${pages.port}`, 'localhost'],
  ['a page of another site', `http://evil.example:${pages.port}`, '127.0.0.1'],
];

for (const [what, home, host] of places) {
  t.test(what, async (t) => {
    const strict = await startGuarded({});
    t.teardown(() => strict.close());
    const relaxed = await startGuarded({ allowedOrigins: [home] });
    t.teardown(() => relaxed.close());
    const forNull = await startGuarded({ allowedOrigins: ['null'] });
    t.teardown(() => forNull.close());
    const old = await startOldBrowser(relaxed.proxy.port);
    t.teardown(() => old.close());

    await t.test('nothing reaches the upstream or the token endpoint', async (t) => {
      const refused = () => strict.proxy.output.records();
      await makeAttempts(
        { chromium, page: home, home, other, target: () => `http://${host}:${strict.proxy.port}` },
        attempts,
        {
          seen: (path) => refused().some((record) => record['path'] === path),
          told: (name) => t.pass(`${name}: was refused`),
        },
      );
      const errors = refused().flatMap(({ error }) => error ?? []);
      t.same([...new Set(errors)], ['BEARERD_ORIGIN_NOT_ALLOWED']);
      t.same(strict.arrived, []);
      t.equal(strict.proxy.tokens.count, 0);
    });

    await t.test('control: each arrives where the guard is relaxed', async (t) => {
      const port = { origin: relaxed.proxy.port, null: forNull.proxy.port, site: old.port };
      await makeAttempts(
        { chromium, page: home, home, other, target: ({ says }) => `http://${host}:${port[says]}` },
        attempts,
        {
          seen: (path) => relaxed.arrived.includes(path) || forNull.arrived.includes(path),
          told: (name) => t.pass(`${name}: arrived`),
        },
      );
      t.equal(relaxed.proxy.tokens.count, 1);
    });
  });
}
