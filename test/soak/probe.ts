import { createServer } from 'node:net';
import { collectedMemory } from '../support/held-memory.ts';

// Loaded into the program under test by NODE_OPTIONS=--import; tells what it holds to whoever connects to PROBE_SOCKET.
// A line `rss` answers at once, `all` collects garbage first. It keeps nothing alive by itself.

async function all(): Promise<object> {
  const memory = await collectedMemory();
  const held: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) held[kind] = (held[kind] ?? 0) + 1;
  return { ...memory, held };
}

const server = createServer((socket) => {
  socket.unref();
  socket.on('error', () => {});
  socket.on('data', (words) => {
    const answer = words.toString().trim() === 'all' ? all() : Promise.resolve(process.memoryUsage());
    answer.then((facts) => socket.write(`${JSON.stringify(facts)}\n`));
  });
});
server.listen(process.env['PROBE_SOCKET']);
server.unref();
