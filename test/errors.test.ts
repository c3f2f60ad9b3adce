import t from 'tap';
import { BearerdError, catalog } from '../src/errors.ts';

t.test('every entry of the catalog says what to do next', async (t) => {
  for (const [code, entry] of Object.entries(catalog)) {
    t.match(code, /^BEARERD_[A-Z_]+$/);
    t.match(entry.action, /\.$/, `${code} has an action that is a sentence`);
    t.not(entry.status, 401, `${code} is never a 401`);
  }
});

t.test('an error keeps its cause', async (t) => {
  const cause = new Error('below');
  const error = new BearerdError('BEARERD_INTERNAL', 'above', { cause });
  t.equal(error.cause, cause);
  t.equal(error.entry.status, 500);
});
