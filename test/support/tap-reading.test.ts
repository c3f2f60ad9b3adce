import t from 'tap';
import { TapReading } from './tap-reading.ts';

function read(text: string, clean: boolean) {
  const shown: string[] = [];
  const reading = new TapReading((part) => shown.push(part));
  for (const line of text.split('\n')) reading.line(line);
  return { result: reading.result(clean), shown: shown.join('\n') };
}

const good = `TAP version 14
1..1
# Subtest: build/test/good.test.js
    ok 1 - fine
    1..1
ok 1 - build/test/good.test.js # time=1ms
`;

const bad = `# Subtest: build/test/bad.test.js
    # Subtest: inner
        ok 1 - fine
        not ok 2 - wrong
          ---
          diff: |
            -2
            +1
          ...
    not ok 1 - inner
not ok 2 - build/test/bad.test.js # time=1ms
  ---
  exitCode: 1
  ...
`;

t.test('a green run says nothing and counts assertions', async (t) => {
  t.strictSame(read(`${good}# { total: 1, pass: 1 }`, true), {
    result: { passed: 1, failed: 0, switchedOff: 0, failedFiles: [] },
    shown: '',
  });
});

t.test('a failure is shown whole, passing lines and other files are not', async (t) => {
  const { result, shown } = read(`${bad}${good}# { total: 3, pass: 2, fail: 1 }`, false);
  t.strictSame(result, { passed: 2, failed: 1, switchedOff: 0, failedFiles: ['build/test/bad.test.js'] });
  t.match(shown, /bad\.test\.js[\s\S]*inner[\s\S]*wrong[\s\S]*-2[\s\S]*\+1/);
  t.notMatch(shown, /fine|good/);
});

t.test('a file that breaks without a failed assertion counts as a failure', async (t) => {
  const text = '# Subtest: x\n    1..0 # no tests found\nnot ok 1 - x\n# { total: 5, pass: 5 }';
  t.equal(read(text, true).result.failed, 1);
});

t.test('tap that ends badly, or without a summary, is a failure', async (t) => {
  t.equal(read(`${good}# { total: 1, pass: 1 }`, false).result.failed, 1);
  const half = read('# Subtest: build/test/half.test.js\n    not ok 1 - cut off', true);
  t.equal(half.result.failed, 1);
  t.equal(half.result.failedFiles, undefined);
  t.match(half.shown, 'cut off');
  const bailedOut = read('Bail out! no disk\n# { total: 1, pass: 1 }', true);
  t.equal(bailedOut.result.failed, 1);
  t.equal(bailedOut.result.failedFiles, undefined);
});

t.test('tests that are switched off are counted apart', async (t) => {
  const { result } = read(`${good}# { total: 4, pass: 1, skip: 2, todo: 1 }`, true);
  t.strictSame(result, { passed: 1, failed: 0, switchedOff: 3, failedFiles: [] });
});
