import { connect } from 'node:net';
import t from 'tap';
import { TimeLimit, Wait } from '../../src/net/time-limit.ts';
import { eventually, sleep, startTcp } from '../support/tcp.ts';

class Patience extends Wait {
  readonly #whenLate: (limitMs: number) => void;

  constructor(whenLate: (limitMs: number) => void) {
    super();
    this.#whenLate = whenLate;
  }

  override late(limitMs: number): void {
    this.#whenLate(limitMs);
  }
}

/** Waits that write their names down when they are late. */
function waits(...names: string[]) {
  const late: string[] = [];
  const made = names.map((name) => new Patience((limitMs) => late.push(`${name} ${limitMs}`)));
  return { late, made };
}

t.test('each is late after its own time, in the order of beginning; who was stopped never is', async (t) => {
  const limit = new TimeLimit(60);
  const { late, made } = waits('first', 'stopped', 'second', 'third');
  const startedMs = performance.now();
  for (const wait of made) limit.start(wait);
  if (made[1] !== undefined) limit.stop(made[1]);
  await eventually(() => late.length === 3, 'three are late');
  t.ok(performance.now() - startedMs >= 59, 'not before the limit');
  t.strictSame(late, ['first 60', 'second 60', 'third 60']);
  await sleep(80);
  t.equal(late.length, 3, 'once');
});

t.test(
  'a wait that starts anew or is extended has its whole time again; one that is over is not revived',
  async (t) => {
    const limit = new TimeLimit(100);
    const { late, made } = waits('anew', 'extended', 'steady', 'over');
    const [anew, extended, steady, over] = made;
    if (anew === undefined || extended === undefined || steady === undefined || over === undefined)
      throw new Error('four');
    for (const wait of made) limit.start(wait);
    limit.stop(over);
    limit.start(anew);
    limit.extend(extended);
    limit.extend(over);
    await eventually(() => late.length === 3, 'three are late');
    t.strictSame(late, ['steady 100', 'anew 100', 'extended 100']);
  },
);

t.test('what has arrived while the process stood still counts before the time that has passed', async (t) => {
  const limit = new TimeLimit(50);
  const { late, made } = waits('answered', 'silent');
  const server = await startTcp((socket) => {
    for (const wait of made) limit.start(wait);
    socket.write('x');
    // the byte is with the client, who has no turn to read it
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120);
  });
  const client = connect(server.port, '127.0.0.1');
  client.once('data', () => made[0] !== undefined && limit.stop(made[0]));
  await eventually(() => late.length > 0, 'the silent one is late');
  t.strictSame(late, ['silent 50']);
  client.destroy();
  await server.close();
});

t.test('a wait that begins while others are late is not forgotten, and does not hold the process', async (t) => {
  const limit = new TimeLimit(30);
  const { late, made } = waits('next');
  limit.start(
    new Patience(() => {
      late.push('first');
      for (const wait of made) limit.start(wait);
    }),
  );
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  await eventually(() => late.length === 2, 'both are late');
  t.strictSame(late, ['first', 'next 30']);
  limit.start(new Patience(() => {}));
  t.equal(timers(), before, 'its timer is not one that the process waits for');
});

t.test('a limit longer than a timer can run does not end at once', async (t) => {
  const limit = new TimeLimit(2 ** 31 + 1_000);
  const { late, made } = waits('patient');
  for (const wait of made) limit.start(wait);
  await sleep(30);
  t.strictSame(late, []);
});
