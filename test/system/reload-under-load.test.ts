import t from 'tap';
import { reloadUnderLoad } from '../support/reload-under-load.ts';

t.test('issue 4, acceptance 3: 50 reloads with rotated secrets at 200 requests/s', (t) => reloadUnderLoad(t, 50));
