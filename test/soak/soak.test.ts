import t from 'tap';
import { soakFaults } from './faults.ts';
import { soakFlapping } from './flapping.ts';
import { soakVolume } from './volume.ts';

// The short form; `npm run soak` runs the numbers of issue 3.

t.test('acceptance 2 in short: large bodies, slow readers, idle connections', (t) =>
  soakVolume(t, {
    bytes: 96 * 1024 * 1024,
    readers: 32,
    readerBytes: 100_000_000,
    idleConnections: 300,
    memory: 'held',
  }),
);

t.test('acceptance 3 in short: faults of every kind leave nothing behind', (t) => soakFaults(t, 600));

t.test('acceptance 5 in short: an upstream that goes and comes', (t) =>
  soakFlapping(t, { periodMs: 1_000, durationMs: 4_500 }),
);
