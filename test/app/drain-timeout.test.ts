import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { CountingProvider, startProxy } from '../support/proxy.ts';
import { eventually, sleep } from '../support/tcp.ts';

t.test('a drainTimeout that is longer than a timer of Node can be is not over at once', async (t) => {
  const server = createServer((_seen, response) => response.end('whole'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const provider = new CountingProvider();
  let give: () => void = () => {};
  provider.answer = () =>
    new Promise((resolve) => {
      give = () => resolve({});
    });
  // a server that listens on TCP has such an address
  const { port } = server.address() as AddressInfo;
  const proxy = await startProxy(`http://127.0.0.1:${port}`, { provider, config: { drainTimeout: 600 * 3_600_000 } });
  t.teardown(async () => {
    await proxy.stop();
    server.close();
    server.closeAllConnections();
  });
  const answer = fetch(proxy.url);
  await eventually(() => provider.count === 1, 'the request');
  const [credential] = proxy.config.credentials;
  const credentials = credential === undefined ? [] : [{ ...credential, fingerprint: 'another' }];
  await proxy.app.reload({ ...proxy.config, credentials });
  await sleep(100);
  give();
  t.equal((await answer).status, 200, 'the credential that it waits for is still there');
});

t.test('nor at a stop: what is under way comes to its end', async (t) => {
  let end: () => void = () => {};
  const server = createServer((_seen, response) => {
    end = () => response.end('whole');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await startProxy(`http://127.0.0.1:${port}`, { config: { drainTimeout: 600 * 3_600_000 } });
  t.teardown(() => server.closeAllConnections());
  const answer = fetch(proxy.url);
  answer.catch(() => {});
  let asked = 0;
  server.on('request', () => {
    asked += 1;
  });
  await eventually(() => asked === 1, 'the request');
  const stopped = proxy.stop();
  await sleep(100);
  end();
  t.equal(await (await answer).text(), 'whole');
  await stopped;
  server.close();
});
