import t from 'tap';
import { type CredentialSnapshot, readiness } from '../../src/admin/health.ts';

const fine: CredentialSnapshot = { name: 'idp', everObtained: true, usable: true, lastFailure: undefined };

const cases: readonly [string, readonly CredentialSnapshot[], boolean, readonly string[]][] = [
  ['no credential', [], false, []],
  ['a usable token', [fine], false, []],
  ['a usable token after a failed refresh ahead', [{ ...fine, lastFailure: 'timeout' }], false, []],
  ['an unused token has lapsed', [{ ...fine, usable: false }], false, []],
  [
    'no usable token and the last attempt failed',
    [{ ...fine, usable: false, lastFailure: 'timeout' }],
    false,
    ['credential idp has no usable token: timeout'],
  ],
  [
    'never obtained',
    [fine, { name: 'b', everObtained: false, usable: false, lastFailure: undefined }],
    false,
    ['credential b has not obtained a token yet'],
  ],
  [
    'never obtained, with a reason',
    [{ name: 'b', everObtained: false, usable: false, lastFailure: 'invalid_client' }],
    false,
    ['credential b has not obtained a token yet: invalid_client'],
  ],
  ['draining', [fine], true, ['bearerd is stopping']],
];

t.test('interface 6: readiness', async (t) => {
  for (const [title, credentials, draining, reasons] of cases) {
    const ready = reasons.length === 0;
    t.strictSame(readiness(credentials, draining), { ready, status: ready ? 200 : 503, reasons }, title);
  }
});
