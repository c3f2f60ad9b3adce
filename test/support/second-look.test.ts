import t from 'tap';
import { afterSecondLook, secondLook } from './second-look.ts';

const result = { passed: 5, failed: 0, switchedOff: 0, failedFiles: [] };

t.test('a few failed files are looked at again, nothing else is', async (t) => {
  t.strictSame(secondLook(result), []);
  t.strictSame(secondLook({ ...result, failed: 2, failedFiles: ['a', 'b'] }), ['a', 'b']);
  t.strictSame(secondLook({ ...result, failed: 4, failedFiles: ['a', 'b', 'c', 'd'] }), []);
  t.strictSame(secondLook({ ...result, failed: 1, failedFiles: undefined }), [], 'tap broke off: it stays a failure');
  t.strictSame(secondLook({ ...result, failed: 1 }), [], 'tap failed without a file: it stays a failure');
});

t.test('only the failures of the second run stay', async (t) => {
  const first = { ...result, failed: 2, failedFiles: ['a', 'b'] };
  t.strictSame(afterSecondLook(first, { ...result, passed: 9 }), result);
  t.strictSame(afterSecondLook(first, { ...result, failed: 1, failedFiles: ['b'] }), {
    ...result,
    failed: 1,
    failedFiles: ['b'],
  });
});
