import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Column, column, peerNames } from './compare.ts';
import { conformancePage } from './page.ts';

// Runs every case against bearerd and the named peers and writes docs/conformance.md:
//   npm run conformance -- --peer nginx --peer http-proxy
// With --no-page it only prints the counts.

const { values } = parseArgs({
  options: { peer: { type: 'string', multiple: true, default: [] }, 'no-page': { type: 'boolean', default: false } },
});
const columns: Column[] = [];
for (const peer of new Set(['bearerd', ...values.peer])) {
  if (!peerNames.includes(peer)) throw new Error(`there is no peer ${peer}; there are ${peerNames.join(', ')}`);
  const one = await column(peer);
  columns.push(one);
  const faulty = [...one.verdicts.values()].filter(({ faults }) => faults.length > 0);
  process.stdout.write(`${one.name}: ${one.verdicts.size - faulty.length} of ${one.verdicts.size} as expected\n`);
  if (peer !== 'bearerd') continue;
  for (const { id, faults } of faulty) process.stdout.write(`  ${id}: ${faults.join('; ')}\n`);
  if (faulty.length > 0) process.exitCode = 1;
}
if (!values['no-page'] && values.peer.length > 0) writeFileSync('docs/conformance.md', conformancePage(columns));
