import t from 'tap';
import type { ExchangeNotes, FinishedExchange } from '../../src/admin/exchanges.ts';
import { writeRequestLine } from '../../src/inbound/request-line.ts';
import { createLog } from '../../src/log.ts';
import { MemoryStream } from '../support/memory-stream.ts';

const noted: ExchangeNotes = {
  attempts: 1,
  generation: 3,
  rule: undefined,
  upstreamErrorCode: undefined,
  tokenMs: 0,
  upstreamMs: 12.34,
  trail: undefined,
};

function finished(over: Partial<FinishedExchange> = {}): FinishedExchange {
  return {
    requestId: '0a1b2c3d-z9',
    route: 'api',
    credential: 'idp',
    method: 'GET',
    path: '/cut',
    query: false,
    status: 200,
    aborted: false,
    error: undefined,
    detail: 'not in the line',
    action: 'not in the line',
    endedMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    totalMs: 15.06,
    notes: noted,
    headers: undefined,
    ...over,
  };
}

const rounded = (ms: number) => Math.round(ms * 10) / 10;

/** The line as pino writes it, the time apart. */
async function pinoLine({ notes, ...exchange }: FinishedExchange, path: string): Promise<string> {
  const stream = new MemoryStream();
  const log = await createLog({ level: 'info', format: 'json', color: false, stream, redact: (line) => line });
  const { method, status, aborted } = exchange;
  log.info(
    {
      event: 'request',
      requestId: exchange.requestId,
      route: exchange.route,
      method: method === '' ? undefined : method,
      path: path === '' ? undefined : path,
      status: status === 0 ? undefined : status,
      aborted: aborted || undefined,
      totalMs: rounded(exchange.totalMs),
      upstreamMs: notes && rounded(notes.upstreamMs),
      tokenMs: notes && notes.tokenMs !== 0 ? rounded(notes.tokenMs) : undefined,
      attempts: notes?.attempts ?? 0,
      generation: notes?.generation,
      rule: notes?.rule,
      code: notes?.upstreamErrorCode,
      error: exchange.error,
    },
    `${method === '' ? 'no request' : `${method} ${path}`} ${aborted ? 'aborted' : status}`,
  );
  log.flush();
  return stream.text.replace(/"time":"[^"]*"/, '"time":"…"');
}

/** What is written for a request. */
async function written(exchange: FinishedExchange, path: string): Promise<string> {
  const stream = new MemoryStream();
  const log = await createLog({ level: 'info', format: 'json', color: false, stream, redact: (line) => line });
  writeRequestLine(exchange, path, log);
  log.flush();
  return stream.text;
}

const withoutTime = (line: string) => line.replace(/"time":"[^"]*"/, '"time":"…"');

t.test('a line in full', async (t) => {
  t.equal(
    await written(finished(), '/x'),
    '{"level":"info","time":"2026-01-02T03:04:05.006Z","event":"request","requestId":"0a1b2c3d-z9","route":"api",' +
      '"method":"GET","path":"/x","status":200,"totalMs":15.1,"upstreamMs":12.3,"attempts":1,"generation":3,' +
      '"msg":"GET /x 200"}\n',
  );
});

t.test('every form of a line has the bytes that pino gives', async (t) => {
  const texts = [
    '/x',
    '/%22?no',
    '/"quoted"',
    '/back\\slash',
    '/tab\tnew\nline\u0000',
    '/del\u007f',
    '/caf\u00e9\u00ff',
    '/\u2028\u20ac',
    '/\ud83d\ude00',
    '/half\ud83d',
    '/half\udc00',
    `/${'long'.repeat(60)}`,
    `/${'long"\ud83d'.repeat(60)}`,
    `/${'half\ud83d'.repeat(60)}`,
    '/%s %d %o',
    '*',
  ];
  const odd = texts.flatMap((path) => [
    { path },
    { path: '/x', over: { route: path } },
    { path: '/x', over: { method: path } },
    { path: '/x', over: { requestId: path } },
    { path: '/x', over: { notes: { ...noted, rule: path } } },
    { path: '/x', over: { notes: { ...noted, upstreamErrorCode: path } } },
  ]);
  const forms: readonly { readonly path: string; readonly over?: Partial<FinishedExchange> }[] = [
    ...odd,
    { path: '/x', over: { status: 0, aborted: true } },
    { path: '/x', over: { status: 200, aborted: true } },
    { path: '/x', over: { notes: { ...noted, generation: undefined, attempts: 0, upstreamMs: 0 } } },
    { path: '/x', over: { notes: { ...noted, tokenMs: 0.01, rule: 'M5', upstreamErrorCode: 'expiredToken' } } },
    { path: '/x', over: { notes: { ...noted, tokenMs: 321.09 } } },
    { path: '/x', over: { error: 'BEARERD_UPSTREAM_CONNECT_TIMEOUT', status: 504 } },
    { path: '/x', over: { route: undefined, notes: undefined, error: 'BEARERD_HOST_NOT_ALLOWED', status: 421 } },
    { path: '', over: { route: undefined, notes: undefined, method: '', status: 400 } },
    ...[0, 0.04, 0.05, 0.1, 0.95, 1, 9.96, 99.94, 99.96, 100, 1234.56, 3_600_000.07, 1e9 / 3].map((totalMs) => ({
      path: '/x',
      over: { totalMs },
    })),
  ];
  for (const [at, { path, over }] of forms.entries()) {
    const exchange = finished(over);
    t.equal(withoutTime(await written(exchange, path)), await pinoLine(exchange, path), `form ${at}`);
  }
});

t.test('at another level there is no line', async (t) => {
  const stream = new MemoryStream();
  const log = await createLog({ level: 'warn', format: 'json', color: false, stream, redact: (line) => line });
  const one = () => {
    writeRequestLine(finished(), '/plain', log);
    writeRequestLine(finished(), '/"odd"', log);
    log.flush();
    return stream.records().length;
  };
  t.equal(one(), 0);
  log.setLevel('trace');
  t.equal(one(), 2);
  log.setLevel('silent');
  t.equal(one(), 2);
});
