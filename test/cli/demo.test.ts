import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { demo } from '../../src/cli/demo.ts';
import { tour } from '../../src/cli/demo-steps.ts';
import { runTour } from '../../src/cli/demo-tour.ts';
import { startWorld } from '../../src/cli/demo-world.ts';
import { read } from '../emulator/hand-made.ts';
import { testConsole } from './demo-console.ts';

t.test('demo --once: every step comes out as documented, within 20 s, and no secret or token is printed', async (t) => {
  const console = testConsole(['--once']);
  const before = performance.now();
  t.equal(await demo(console.context), 0, console.out());
  t.ok(performance.now() - before < 20_000);
  for (const { title } of tour) t.match(console.out(), title);
  t.equal(console.out().match(/^OK /gm)?.length, tour.length + 1);
  t.notMatch(console.out(), /NOT OK/);
  for (const code of ['expiredToken', 'malformedToken', 'invalidToken', 'unableToProcessToken']) {
    t.match(console.out(), `401 ${code}`, 'each code of wire facts 2.3 was seen');
  }
  t.notMatch(console.out() + console.err(), /eyJ|my-secret|0F0E0D0C|assertion=/);
});

/** A stand-in for the proxy. */
async function standIn(
  t: Test,
  answer: Parameters<typeof createServer>[1],
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  // The server listens on TCP, so its address is an object.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: async () => {} };
}

t.test('the tour notices a proxy that does not keep its promises', async (t) => {
  const world = await startWorld();
  t.teardown(world.close);
  const lines: string[] = [];
  // Passes nothing on, shows a token, and answers 200 to everything.
  const liar = await standIn(t, (_request, response) => response.end('{"access_token":"eyJhbGciOiJub25lIn0.e30."}'));
  t.equal(await runTour(world, liar, (line) => lines.push(line)), tour.length);
  const account = lines.join('\n');
  t.match(account, 'NOT OK  1. A plain request');
  t.match(account, /token requests: documented 1, seen 0/);
  t.match(account, /what the API answered: documented 200, seen nothing/);
  t.match(account, /the answer contains a token/);
  t.match(account, /status: documented 502, seen 200/);
  t.match(account, /code of the answer: documented BEARERD_TOKEN_MALFORMED, seen undefined/);
  t.match(account, /"Data Governance Council" is not in the answer/);
  t.match(account, `${tour.length} did NOT come out as documented.`);
});

t.test('the tour notices a changed body, an expired token and a dead proxy', async (t) => {
  const world = await startWorld();
  t.teardown(world.close);
  const route = world.routes.find(({ name }) => name === 'collibra');
  const { tokenEndpoint, clientId, clientSecret } = route?.credential ?? {};
  await world.idp.faults.apply({ lifetimeSeconds: 1 });
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: String(clientId),
    client_secret: String(clientSecret),
  });
  const { access_token } = await read(await fetch(String(tokenEndpoint), { method: 'POST', body }));
  await world.idp.faults.apply({ reset: true });
  const careless = await standIn(t, async (request, response) => {
    const init = request.method === 'POST' ? { method: 'POST', body: 'changed' } : {};
    const headers = { authorization: `Bearer ${access_token}` };
    const answer = await fetch(world.collibra.url + request.url, { ...init, headers });
    response.writeHead(answer.status).end(await answer.text());
  });
  const lines: string[] = [];
  t.equal(await runTour(world, careless, (line) => lines.push(line)), tour.length + 1);
  t.match(lines.join('\n'), /sha256 of the body that the API got: documented/);
  t.match(lines.join('\n'), /NOT OK {2}No request carried an expired token \([1-9]\d* did\)/);

  lines.length = 0;
  const dead = { url: 'http://127.0.0.1:1', stop: async () => {} };
  t.equal(await runTour(world, dead, (line) => lines.push(line)), tour.length + 1);
  t.match(lines.join('\n'), /the request failed: fetch failed/);
});

t.test('demo stays until a signal and prints lines that work', async (t) => {
  const console = testConsole(['--port', '0']);
  const ended = demo(console.context);
  await Promise.race([console.says('Ctrl-C ends it.'), ended]);
  const url = /listens on (http:\S+)/.exec(console.out())?.[1];
  const lines = [...console.out().matchAll(/^ {2}curl (?:-i )?(http\S+)/gm)].map((match) => String(match[1]));
  t.ok(lines.length >= 7);
  for (const line of lines) {
    const expected = /wrong-type|opaque|unknown-user/.test(line) ? 502 : line.endsWith('401') ? 401 : 200;
    t.equal((await fetch(line)).status, expected, line);
  }
  const faults = [...console.out().matchAll(/-d '(\{"(?:expire|revoke|rotateKeys)":true\})' (\S+)/g)];
  t.equal(faults.length, 3);
  for (const [, change, to] of faults) {
    const headers = { 'Content-Type': 'application/json' };
    t.equal((await fetch(String(to), { method: 'POST', headers, body: String(change) })).status, 200);
    t.equal((await fetch(`${url}/rest/2.0/communities`)).status, 200, 'the first line still answers 200');
  }
  console.signal('SIGTERM');
  t.equal(await ended, 0);
  await t.rejects(fetch(`${url}/rest/2.0/communities`));
});

t.test('where the usual port is taken, another one is used', async (t) => {
  // Whether this server gets the port or somebody else has it already: it is taken.
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(8080, '127.0.0.1', () => resolve());
  });
  t.teardown(() => server.close());
  const console = testConsole([]);
  const ended = demo(console.context);
  await Promise.race([console.says('Ctrl-C ends it.'), ended]);
  t.match(console.out(), /listens on http:\/\/127\.0\.0\.1:(?!8080)\d+/);
  console.signal('SIGINT');
  t.equal(await ended, 0);
});

t.test('a chosen port that is taken is 1, a wrong command line is 2, help is 0', async (t) => {
  const taken = await standIn(t, (_request, response) => response.end());
  const port = new URL(taken.url).port;
  for (const argv of [
    ['--port', port],
    ['--once', '--port', port],
  ]) {
    const console = testConsole(argv);
    t.equal(await demo(console.context), 1, argv.join(' '));
    t.match(console.err(), port);
  }
  for (const argv of [['--port', 'x'], ['--port', '70000'], ['--twice'], ['more']]) {
    const console = testConsole(argv);
    t.equal(await demo(console.context), 2, argv.join(' '));
    t.match(console.err(), /^bearerd demo: /);
  }
  const console = testConsole(['--help']);
  t.equal(await demo(console.context), 0);
  t.match(console.out(), /--once/);
});
