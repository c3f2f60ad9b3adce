import t from 'tap';
import { soakFaults } from './faults.ts';
import { soakFlapping } from './flapping.ts';
import { soakVolume } from './volume.ts';

// npm run soak: the numbers of issue 3, acceptance 2, 3 and 5. Takes some minutes.

t.setTimeout(900_000);

t.test('acceptance 2: 1 GiB both ways, 32 slow readers of 100 MB, 2,000 idle connections', (t) =>
  soakVolume(t, {
    bytes: 1024 ** 3,
    readers: 32,
    readerBytes: 100_000_000,
    idleConnections: 2_000,
    memory: 'resident',
  }),
);

t.test('acceptance 3: 50,000 requests with faults of every kind', (t) => soakFaults(t, 50_000));

t.test('acceptance 5: an upstream that is down for 2 s and up for 2 s', (t) =>
  soakFlapping(t, { periodMs: 2_000, durationMs: 20_000 }),
);
