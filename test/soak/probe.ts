import { createServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded into the program under test by NODE_OPTIONS=--import; tells what it holds to whoever connects to PROBE_SOCKET.
// A line `rss` answers at once, `all` collects garbage first. It keeps nothing alive by itself.

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

function all(): object {
  const held: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) held[kind] = (held[kind] ?? 0) + 1;
  return { ...memory(), held };
}

function memory(): object {
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heapUsed };
}

const server = createServer((socket) => {
  socket.unref();
  socket.on('error', () => {});
  socket.on('data', (words) => {
    if (words.toString().trim() !== 'all') {
      socket.write(`${JSON.stringify(memory())}\n`);
      return;
    }
    collect();
    // what the first collection has let go of is finalised between the two
    setImmediate(() => {
      collect();
      socket.write(`${JSON.stringify(all())}\n`);
    });
  });
});
server.listen(process.env['PROBE_SOCKET']);
server.unref();
