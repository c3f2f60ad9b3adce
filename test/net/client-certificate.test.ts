import { copyFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import t from 'tap';
import { Secret } from '../../src/config/secret.ts';
import { startProxy } from '../support/proxy.ts';
import { tlsFile, tlsText } from '../support/test-certificates.ts';

interface Teardown {
  readonly teardown: (fn: () => void) => void;
}

/** An API that answers with the subject of the caller's certificate and the name that the caller asked for. */
async function startApi(t: Teardown): Promise<string> {
  const server = createServer(
    {
      cert: tlsText('server.pem'),
      key: tlsText('server.key'),
      ca: tlsText('ca.pem'),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket; // of an HTTPS server
      const subject = socket.getPeerX509Certificate()?.subject ?? 'nobody';
      // A new connection for each request, so that each shows a certificate.
      response.setHeader('connection', 'close');
      response.end(`${socket.authorized ? subject : 'unknown'} ${String(socket.servername)}`);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has such an address.
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ca = [tlsText('ca.pem')];
const file = (path: string) => new Secret({ kind: 'file', path });

t.test(
  'RFC 8705 §3: calls to the upstream show the certificate of tls.cert; tls.ca adds to the known authorities',
  async (t) => {
    const folder = t.testdir();
    const place = (name: string) => {
      copyFileSync(tlsFile(`${name}.pem`), join(folder, 'cert.pem'));
      copyFileSync(tlsFile(`${name}.key`), join(folder, 'key.pem'));
    };
    place('client');
    const tls = { ca, cert: file(join(folder, 'cert.pem')), key: file(join(folder, 'key.pem')) };
    const proxy = await startProxy(await startApi(t), { route: { tls } });
    t.teardown(proxy.stop);
    const call = async () => (await fetch(proxy.url)).text();
    t.match(await call(), /^CN=my-app /);
    place('other-client');
    t.match(await call(), /^CN=somebody-else /, 'a renewed certificate is used with the next connection');

    copyFileSync(tlsFile('client.key'), join(folder, 'key.pem'));
    const mixed = await fetch(proxy.url);
    t.equal(mixed.status, 500);
    t.match(await mixed.json(), { code: 'BEARERD_CONFIGURATION', detail: /client certificate cannot be used/ });
  },
);

t.test('tls.serverName is asked for and checked in place of the host', async (t) => {
  const upstream = await startApi(t);
  const named = await startProxy(upstream, { route: { tls: { ca, serverName: 'idp.example.com' } } });
  t.teardown(named.stop);
  t.equal(await (await fetch(named.url)).text(), 'unknown idp.example.com');
  const wrong = await startProxy(upstream, { route: { tls: { ca, serverName: 'else.example.com' } } });
  t.teardown(wrong.stop);
  t.match(await (await fetch(wrong.url)).json(), { code: 'BEARERD_UPSTREAM_CERTIFICATE' });
});

t.test('tls.minVersion', async (t) => {
  const proxy = await startProxy(await startApi(t), { route: { tls: { ca, minVersion: 'TLSv1.3' } } });
  t.teardown(proxy.stop);
  t.equal((await fetch(proxy.url)).status, 200);
});
