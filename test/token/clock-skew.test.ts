import t from 'tap';
import type { Log } from '../../src/log.ts';
import { ClockSkew, skewFromDate } from '../../src/token/clock-skew.ts';

const at = Date.parse('Tue, 14 Nov 2023 22:13:20 GMT');
const date = (ms: number) => new Date(ms).toUTCString();

const cases: readonly (readonly [string, string | undefined, number, number, number | undefined])[] = [
  ['the same second', date(at), at + 200, at + 300, 0],
  ['the second before, over a slow line', date(at), at + 900, at + 1800, 0],
  ['an answer that took two minutes', date(at), at - 60_000, at + 60_000, 0],
  ['a clock that is 5 minutes ahead of ours', date(at + 300_000), at, at + 100, 300_450],
  ['a clock that is 5 minutes behind ours', date(at - 300_000), at, at + 100, -299_550],
  ['no field', undefined, at, at, undefined],
  ['an asctime date (RFC 9110 §5.6.7 forbids to send it)', 'Tue Nov 14 22:13:20 2023', at, at, undefined],
  ['nonsense', 'Xyz, 99 Abc 2023 99:99:99 GMT', at, at, undefined],
  ['a number, which Date.parse would take', '5', at, at, undefined],
  ['a clock that was set back meanwhile', date(at), at + 100, at, undefined],
];
for (const [title, field, sentMs, receivedMs, expected] of cases) {
  t.test(`RFC 9110 §6.6.1: ${title}`, async (t) => t.equal(skewFromDate(field, sentMs, receivedMs), expected));
}

t.test('issue 6: told once per change, corrected from 30 s on', async (t) => {
  const lines: [string, string][] = [];
  const write = (level: string) => (_: object, message: string) => void lines.push([level, message]);
  const log: Log = {
    trace: write('t'),
    debug: write('d'),
    info: write('info'),
    warn: write('warn'),
    error: write('e'),
  };
  const skew = new ClockSkew(log, 'This follows.');
  const see = (ms: number) => skew.observe('https://idp.test', date(at + ms), at, at + 10);
  see(20_000);
  t.equal(skew.correctionMs, 0);
  t.same(lines, [], '20 s are noise');
  for (const ms of [300_000, 301_000, 300_000, 320_000]) see(ms);
  t.equal(skew.correctionMs, 320_495);
  t.same(lines, [
    ['warn', "This machine's clock is 300 s behind the clock of https://idp.test; set the clock. This follows."],
  ]);
  see(-300_000);
  see(-300_000);
  t.match(lines.slice(1), [['warn', /is 300 s ahead of/]]);
  t.equal(lines.length, 2);
  see(0);
  see(0);
  t.equal(skew.correctionMs, 0);
  t.match(lines.slice(2), [['info', 'The clocks of https://idp.test and this machine agree again']]);
  skew.observe('https://idp.test', undefined, at, at);
  t.equal(lines.length, 3);
});
