import t from 'tap';
import { isLoopbackHost } from '../../src/config/listen-address.ts';
import { editDistance, nearestName } from '../../src/config/nearest-name.ts';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/config/quantity.ts';

t.test('durations and sizes', async (t) => {
  const durations: [string, number | undefined][] = [
    ['500ms', 500],
    ['1.5s', 1500],
    ['30', 30_000],
    ['5 m', 300_000],
    ['2h', 7_200_000],
    ['0', 0],
    ['-1s', undefined],
    ['5d', undefined],
    ['', undefined],
    ['1e3', undefined],
    ['99999999999999h', undefined],
  ];
  for (const [text, ms] of durations) t.equal(parseDuration(text), ms, text);
  const sizes: [string, number | undefined][] = [
    ['64KiB', 65_536],
    ['1mib', 1_048_576],
    ['2GiB', 2_147_483_648],
    ['1kB', 1000],
    ['7', 7],
    ['1 XB', undefined],
  ];
  for (const [text, bytes] of sizes) t.equal(parseSize(text), bytes, text);
  t.same([0, 500, 240_000, 61_000, 7_200_000].map(formatDuration), ['0s', '500ms', '4m', '61s', '2h']);
  t.same([0, 100, 65_536, 1_048_576].map(formatSize), ['0', '100', '64KiB', '1MiB']);
});

t.test('nearest name: exchanged letters, other case, hyphens; nothing when too far away', async (t) => {
  t.equal(editDistance('colibra', 'collibra'), 1);
  t.equal(editDistance('listne', 'listen'), 1);
  const known = ['listen', 'upstream', 'clientId', 'tokenEndpoint'];
  t.equal(nearestName('client_id', known), 'clientId');
  t.equal(nearestName('token-endpoint', known), 'tokenEndpoint');
  t.equal(nearestName('upsteam', known), 'upstream');
  t.equal(nearestName('zebra', known), undefined);
  t.equal(nearestName('x', []), undefined);
});

t.test('loopback: RFC 6761 6.3, RFC 1122 3.2.1.3', async (t) => {
  for (const host of [
    'localhost',
    'LOCALHOST',
    'a.localhost',
    'localhost.',
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '[::1]',
  ]) {
    t.equal(isLoopbackHost(host), true, host);
  }
  for (const host of ['0.0.0.0', '::', 'localhost.example.com', '127.0.0.1.example.com', '10.0.0.1', '127.1']) {
    t.equal(isLoopbackHost(host), false, host);
  }
});
