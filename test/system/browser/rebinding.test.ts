import t from 'tap';
import { Chromium } from '../../support/chromium.ts';
import { attempts, type BrowserAttempt } from './attempts.ts';
import { makeAttempts } from './make-attempts.ts';
import { Rebinding } from './rebinding.ts';
import { startGuarded, startPageServer } from './stage.ts';

// Issue 7, acceptance 1, and threat 1: a page whose own name comes to mean 127.0.0.1, so that for the browser the proxy is
// the page's own server and nothing marks its requests but Host.

const pages = await startPageServer();
t.teardown(() => pages.close());
const rebinding = await Rebinding.start(pages.port);
t.teardown(() => rebinding.close());
const chromium = await Chromium.start({
  hosts: {
    'rebind.example': `127.0.0.1:${rebinding.port}`,
    'evil.example': '127.0.0.1',
    'other.example': '127.0.0.1',
    'localhost.evil.example': '127.0.0.1',
    'app.localhost': '127.0.0.1',
    '0.0.0.0': '127.0.0.1',
  },
});
t.teardown(() => chromium.close());
const home = `http://evil.example:${pages.port}`;
const other = `http://other.example:${pages.port}`;

const ownOnly: readonly BrowserAttempt[] = [
  { what: 'fetch, same-origin', says: 'origin', script: `fetch(target, { mode: 'same-origin' })` },
  {
    what: 'fetch, same-origin, JSON, without a preflight',
    says: 'origin',
    script: `fetch(target, { method: 'PUT', body: '{}', headers: { 'Content-Type': 'application/json' } })`,
  },
  { what: 'a worker from there', says: 'origin', script: `new Worker(target)` },
  { what: 'a shared worker from there', says: 'origin', script: `new SharedWorker(target)` },
];
const all = [...attempts, ...ownOnly];

t.test('a name that comes to mean 127.0.0.1', async (t) => {
  const strict = await startGuarded({});
  t.teardown(() => strict.close());
  const page = `http://rebind.example:${strict.proxy.port}`;
  const relaxed = await startGuarded({ allowedHosts: ['rebind.example'], allowedOrigins: [home, 'null'] });
  t.teardown(() => relaxed.close());
  const from = (port: number) => {
    rebinding.to(pages.port);
    return { chromium, page, home, other, target: () => page, loaded: () => rebinding.to(port) };
  };

  await t.test('nothing reaches the upstream or the token endpoint', async (t) => {
    const refused = () => strict.proxy.output.records();
    await makeAttempts(from(strict.proxy.port), all, {
      seen: (path) => refused().some((record) => record['path'] === path),
      told: (what) => t.pass(`${what}: was refused`),
    });
    const errors = refused().flatMap(({ error }) => error ?? []);
    t.same([...new Set(errors)], ['BEARERD_HOST_NOT_ALLOWED']);
    t.same(strict.arrived, []);
    t.equal(strict.proxy.tokens.count, 0);
  });

  await t.test('control: each arrives where the name is allowed', async (t) => {
    await makeAttempts(from(relaxed.proxy.port), all, {
      seen: (path) => relaxed.arrived.includes(path),
      told: (what) => t.pass(`${what}: arrived`),
    });
    t.equal(relaxed.proxy.tokens.count, 1);
  });
});

const names: readonly string[] = ['evil.example', 'localhost.evil.example', 'app.localhost', '0.0.0.0'];

t.test('other names of 127.0.0.1', async (t) => {
  const strict = await startGuarded({ allowedOrigins: [home] });
  t.teardown(() => strict.close());
  const relaxed = await startGuarded({ allowedOrigins: [home], allowedHosts: names });
  t.teardown(() => relaxed.close());
  const post = attempts.filter(({ what }) => ['fetch, simple POST', 'WebSocket', 'form, POST'].includes(what));
  t.equal(post.length, 3);
  for (const name of names) {
    const at = (port: number) => ({ chromium, page: home, home, other, target: () => `http://${name}:${port}` });
    const before = strict.proxy.output.records().length;
    const refused = () => strict.proxy.output.records().slice(before);
    await makeAttempts(at(strict.proxy.port), post, {
      seen: (path) => refused().some((record) => record['path'] === path),
      told: (what) => t.pass(`${name}: ${what}: was refused`),
    });
    t.same([...new Set(refused().map(({ error }) => error))], ['BEARERD_HOST_NOT_ALLOWED'], name);
    relaxed.arrived.length = 0;
    await makeAttempts(at(relaxed.proxy.port), post, {
      seen: (path) => relaxed.arrived.includes(path),
      told: (what) => t.pass(`${name}: ${what}: arrived, where the name is allowed`),
    });
  }
  t.same(strict.arrived, []);
  t.equal(strict.proxy.tokens.count, 0);
});
