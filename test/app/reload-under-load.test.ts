import t from 'tap';
import { reloadUnderLoad } from '../support/reload-under-load.ts';

// The long form is test/system/reload-under-load.test.ts.

t.test('issue 4, acceptance 3, short: 12 reloads with rotated secrets at 200 requests/s', (t) =>
  reloadUnderLoad(t, 12),
);
