import t from 'tap';
import type { ExchangeDetail } from '../../src/admin/exchange-view.ts';
import { curlCommand } from '../../src/admin/page/curl.ts';
import {
  count,
  decisionWords,
  duration,
  life,
  matches,
  refreshWords,
  searchText,
  stateTone,
  stateWord,
  statusTone,
  timeOfDay,
  troubles,
} from '../../src/admin/page/words.ts';
import type { CredentialStatus } from '../../src/admin/status.ts';

// What of the status page can be tried without a browser; test/system/page has the rest.

const exchange: ExchangeDetail = {
  requestId: 'ab-1',
  at: '2026-01-01T00:00:00.000Z',
  route: 'api',
  credential: 'idp',
  method: 'GET',
  path: '/rest/x',
  query: false,
  status: 200,
  aborted: false,
  totalMs: 5,
  upstreamMs: 4,
  tokenMs: 0,
  attempts: 2,
  generation: 2,
  decision: { rule: 'M5', repeated: true, code: 'expiredToken' },
  error: null,
  detail: null,
  action: null,
  trail: [],
  headers: null,
  token: null,
};
const listeners = [
  { url: 'http://127.0.0.1:8080', routes: ['other'] },
  { url: 'http://0.0.0.0:9001', routes: ['api'] },
];

t.test('a command to send a request again: for the right listener, quoted, without a token', async (t) => {
  t.equal(curlCommand(exchange, listeners, null), 'curl -i http://127.0.0.1:9001/rest/x');
  const posted = {
    ...exchange,
    method: 'POST',
    path: "/it's/$(id)",
    query: true,
    headers: {
      request: [
        ['Accept', 'text/html; q="1"'],
        ['Authorization', 'Bearer ‹token 2, not kept›'],
        ['X-Api-Key', '‹11 characters, not kept›'],
        ['Content-Type', 'application/json'],
        ['Content-Length', '12'],
        ['Via', '1.1 bearerd-0000'],
      ],
      response: [],
    },
  } as const;
  t.equal(
    curlCommand(posted, listeners, null),
    `curl -i -X POST -H 'Accept: text/html; q="1"' -H 'Content-Type: application/json' --data-binary @BODY 'http://127.0.0.1:9001/it'\\''s/$(id)?QUERY'`,
  );
  t.equal(curlCommand({ ...exchange, method: 'HEAD' }, listeners, null), 'curl -i -I http://127.0.0.1:9001/rest/x');
  t.match(curlCommand({ ...exchange, method: 'PUT' }, listeners, null), '-X PUT --data-binary @BODY');
  const socket = [{ url: 'unix:/run/my proxy.sock', routes: ['api'] }];
  t.equal(curlCommand(exchange, socket, null), "curl -i --unix-socket '/run/my proxy.sock' http://localhost/rest/x");
  t.equal(
    curlCommand(exchange, listeners, 'bearerd-key'),
    "curl -i -H 'bearerd-key: KEY' http://127.0.0.1:9001/rest/x",
  );
  t.equal(curlCommand({ ...exchange, route: null }, [], null), 'curl -i http://127.0.0.1:8080/rest/x');
});

t.test('durations and numbers for people', async (t) => {
  const durations = [
    [-5, '0 ms'],
    [0.44, '0.4 ms'],
    [35.4, '35 ms'],
    [1_240, '1.2 s'],
    [12_300, '12 s'],
    [252_000, '4 min 12 s'],
    [11_100_000, '3 h 5 min'],
    [400_000_000, '4 days'],
  ] as const;
  for (const [ms, words] of durations) t.equal(duration(ms), words);
  t.equal(life(-1), '0 s');
  t.equal(count(1_234_567), '1\u202f234\u202f567');
  t.match(timeOfDay(exchange.at), /^\d\d:\d\d:\d\d$/);
});

t.test('states, statuses and decisions in words', async (t) => {
  const at = Date.parse(exchange.at);
  t.equal(refreshWords(null, at), 'no refresh ahead of its end');
  t.match(refreshWords(exchange.at, at), 'due');
  t.match(refreshWords(exchange.at, at - 1), /first request after \d\d:/);
  const failure = {} as NonNullable<CredentialStatus['lastFailure']>;
  const credential = { state: 'ok', lastFailure: null, lastRefusal: null } as CredentialStatus;
  t.equal(stateTone(credential), 'good');
  t.equal(stateTone({ ...credential, lastFailure: failure }), 'warn');
  t.equal(stateTone({ ...credential, state: 'failing', lastFailure: failure }), 'bad');
  t.equal(stateTone({ ...credential, state: 'idle' }), 'calm');
  const refusal: NonNullable<CredentialStatus['lastRefusal']> = {
    at: exchange.at,
    route: 'api',
    code: 'BEARERD_TOKEN_INVALID',
    upstreamErrorCode: null,
    detail: 'It refuses.',
    action: 'Change it.',
    findings: [],
  };
  const refused = { ...credential, lastRefusal: refusal };
  t.equal(stateTone(refused), 'bad');
  t.strictSame([credential, refused, { ...credential, refreshing: true }].map(stateWord), [
    'ok',
    'refused',
    'asking for a token',
  ]);
  t.strictSame(troubles(credential, at), []);
  t.match(troubles(refused, at), [/^\d\d:\d\d:\d\d It refuses\.$/, 'Change it.']);
  const found = { ...refusal, findings: [{ sentence: 'Wrong issuer.', cure: 'Set it.' }] };
  t.match(troubles({ ...credential, lastRefusal: found }, at), [/ Wrong issuer\.$/, 'Set it.']);
  const failed = { at: exchange.at, message: 'No.', kind: 'permanent', reason: 'x', retryAt: exchange.at } as const;
  t.match(troubles({ ...credential, lastFailure: failed }, at - 5_000), [
    /No\.$/,
    'Somebody has to change something. The token endpoint is asked again in 5 s.',
  ]);
  t.match(troubles({ ...credential, lastFailure: { ...failed, kind: 'transient' } }, at), [
    /No\.$/,
    'The next request asks again.',
  ]);
  t.strictSame([200, 304, 404, 502, null].map(statusTone), ['2xx', '3xx', '4xx', '5xx', 'aborted']);
  t.equal(decisionWords({ decision: null }), '');
  t.equal(decisionWords(exchange), 'retried · M5');
  t.equal(decisionWords({ decision: { rule: 'own', repeated: false, code: null } }), 'not retried · own rule');
});

t.test('the search finds what is seen, all words of it', async (t) => {
  const text = searchText(exchange);
  for (const search of ['', 'get', 'REST/x', '200 m5', 'expiredtoken', 'retried api'])
    t.ok(matches(text, search), search);
  for (const search of ['post', '200 404', 'aborted']) t.notOk(matches(text, search), search);
  t.ok(matches(searchText({ ...exchange, aborted: true, status: null }), 'aborted'));
});
