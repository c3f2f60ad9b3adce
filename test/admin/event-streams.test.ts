import { EventEmitter } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { type EventReader, EventStreams, mostStreams } from '../../src/admin/event-streams.ts';
import { Exchanges } from '../../src/admin/exchanges.ts';
import type { Status } from '../../src/admin/status.ts';
import { TokenHistory } from '../../src/admin/token-history.ts';
import { BearerdError } from '../../src/errors.ts';

// The text of it does not matter here; a status has some kilobytes.
const status = { version: 'x'.repeat(4_000) } as Status;

/** A server whose every answer is a stream of events, with a clock of its own. */
async function start(t: Test) {
  const exchanges = new Exchanges();
  const history = new TokenHistory();
  const clock = { nowMs: 1_700_000_000_000 };
  const events = new EventStreams({ status: () => status, exchanges, history, nowMs: () => clock.nowMs });
  const refusals: unknown[] = [];
  const server = createServer((_request, response) => {
    try {
      events.open(response, { 'Cache-Control': 'no-store' });
    } catch (error) {
      refusals.push(error);
      response.writeHead(503).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP listener's address is never a string.
  const { port } = server.address() as AddressInfo;
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const add = (n: number, path = `/${n}`) =>
    exchanges.add({
      requestId: `id-${n}`,
      route: 'api',
      credential: 'idp',
      method: 'GET',
      path,
      query: false,
      status: 200,
      aborted: false,
      error: undefined,
      detail: undefined,
      action: undefined,
      endedMs: clock.nowMs,
      totalMs: 1,
      notes: undefined,
      headers: undefined,
    });
  return { exchanges, history, events, clock, refusals, port, add };
}

/** A reader of a stream: what has come so far. */
async function read(port: number): Promise<{ text: string; response: IncomingMessage; end: () => void }> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', agent: false }, (response) => {
      const reader = { text: '', response, end: () => request.destroy() };
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        reader.text += chunk;
      });
      response.on('error', () => {});
      resolve(reader);
    });
    request.on('error', reject);
  });
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited 20 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

t.test('a reader gets the status at once, then what happens, and nobody is watched when all have left', async (t) => {
  const { exchanges, history, events, port, add, clock } = await start(t);
  add(1);
  history.failed('idp', 'permanent', clock.nowMs);
  t.equal(exchanges.watched, false);
  const reader = await read(port);
  t.match(reader.response.headers, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  await until(() => reader.text.includes('event: traffic'), 'the first events');
  t.match(reader.text, 'event: status');
  t.match(
    reader.text,
    /event: token\ndata: {"at":"[^"]+","credential":"idp","outcome":"permanent","generation":null}\n\n/,
  );
  t.notMatch(reader.text, 'id-1', 'what was before is in /api/requests');
  t.equal(exchanges.watched, true);
  add(2);
  await until(() => reader.text.includes('id-2'), 'the request');
  t.equal(reader.text.match(/event: status/g)?.length, 1, 'the clock of the test stands still');
  clock.nowMs += 1_000;
  await until(() => reader.text.match(/event: status/g)?.length === 2, 'the next status');
  reader.end();
  await until(() => events.size === 0, 'the end');
  t.equal(exchanges.watched, false);
});

t.test('more readers than there is room for are refused, and one that leaves makes room', async (t) => {
  const { port, events, refusals } = await start(t);
  const readers = await Promise.all(Array.from({ length: mostStreams }, () => read(port)));
  t.equal((await read(port)).response.statusCode, 503);
  t.match(refusals, [{ code: 'BEARERD_TOO_MANY_CONNECTIONS' }]);
  t.ok(refusals[0] instanceof BearerdError);
  readers[0]?.end();
  await until(() => events.size < mostStreams, 'room');
  const next = await read(port);
  t.equal(next.response.statusCode, 200);
  for (const reader of [...readers, next]) reader.end();
});

/** An answer that takes what is written to it, or does not. */
class FakeReader extends EventEmitter {
  writableNeedDrain = false;
  text = '';
  /** Takes nothing from the next write on. */
  stuck = false;
  writeHead(): this {
    return this;
  }
  write(text: string): boolean {
    this.text += text;
    this.writableNeedDrain = this.stuck;
    return !this.stuck;
  }
  destroy(): this {
    this.emit('close');
    return this;
  }
}

t.test('a reader that reads nothing loses events, makes nothing grow, and is put out', async (t) => {
  const { events, clock, add } = await start(t);
  const [slow, fast] = [new FakeReader(), new FakeReader()];
  // The part of an answer that is used.
  for (const reader of [slow, fast]) events.open(reader as unknown as EventReader, {});
  slow.stuck = true;
  const looks = () => fast.text.match(/event: status/g)?.length ?? 0;
  const nextLook = async () => {
    clock.nowMs += 1_000;
    const before = looks();
    await until(() => looks() > before, 'the next look');
  };
  for (let n = 0; n < 400; n += 1) add(n, `/${'x'.repeat(900)}`);
  await nextLook();
  const held = slow.text.length;
  t.ok(held < 256 * 1024, `${held} bytes are held for it`);
  t.match(slow.text, '"id-399"');
  t.notMatch(slow.text, '"id-299"', 'of many at once the newest');
  add(400);
  await nextLook();
  t.equal(slow.text.length, held, 'nothing is added');
  slow.stuck = false;
  slow.writableNeedDrain = false;
  add(401);
  await nextLook();
  t.match(slow.text.slice(held), '"id-401"', 'it reads on');
  slow.stuck = true;
  add(402);
  await nextLook();
  await nextLook();
  clock.nowMs += 31_000;
  await until(() => events.size === 1, 'the end of the slow one');
  await nextLook();
  fast.destroy();
  t.equal(events.size, 0);
});
