// Tries the provider against a vault on loopback: node conformance.mjs
import { createServer } from 'node:http';
import { conformance } from 'bearerd/provider-kit';
import provider from './vault-provider.mjs';

const key = 'vault-key-0123456789';
let mood = 'works';
const vault = createServer((request, response) => {
  if (mood === 'hangs') return;
  const good = mood === 'works' && request.headers['vault-key'] === key;
  if (good) response.end(JSON.stringify({ token: `token-${Date.now()}`, ttlSeconds: 60 }));
  else response.writeHead(403).end(`wrong key ${request.headers['vault-key']}`);
});
await new Promise((resolve) => vault.listen(0, '127.0.0.1', resolve));

const address = `http://127.0.0.1:${vault.address().port}/token`;
const results = conformance(
  provider,
  { address, key },
  {
    secrets: [key],
    refuse: () => {
      mood = 'refuses';
    },
    hang: () => {
      mood = 'hangs';
    },
    restore: () => {
      mood = 'works';
    },
  },
);
for await (const { name, ok, detail } of results) {
  console.log(`${ok ? 'ok    ' : 'NOT OK'} ${name}${detail === '' ? '' : `: ${detail}`}`);
  if (!ok) process.exitCode = 1;
}
vault.closeAllConnections();
vault.close();
