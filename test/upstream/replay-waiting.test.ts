import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { eventually, onHead, RawClient, sleep, startTcp } from '../support/tcp.ts';

const expired = '{"statusCode":401,"errorCode":"expiredToken"}';

t.test('an upload whose repeat waits for a connection is remembered until it has one', async (t) => {
  const heads: string[] = [];
  let refuse = (): void => {};
  let release = (): void => {};
  let repeated = '';
  const upstream = await startTcp((socket) => {
    const answer = (statusLine: string, body: string) => {
      socket.write(`HTTP/1.1 ${statusLine}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    };
    onHead(socket, (head) => {
      heads.push(head);
      if (head.startsWith('GET')) release = () => answer('200 OK', 'other');
      else if (head.includes('token1')) refuse = () => answer('401 Unauthorized', expired);
    });
    let received = '';
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
      repeated = received.slice(received.indexOf('\r\n\r\n', received.indexOf('POST')) + 4);
      if (received.endsWith('end')) answer('200 OK', 'done');
    });
  });
  const proxy = await startProxy(upstream.url, {
    limits: { upstreamConnections: 1 },
    route: { replay: { maxBody: 1_000 } },
  });
  const upload = new RawClient(proxy.port);
  upload.write(`POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n${'a'.repeat(900)}`);
  await eventually(() => heads.length === 1, 'the upload has begun');
  const other = new RawClient(proxy.port);
  other.write('GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n');
  // there is no sign of it that it waits; too short a time would only prove nothing
  await sleep(50);
  refuse();
  await eventually(() => heads.length === 2, 'the other request has the only connection');
  // more than is remembered, all in all
  upload.write(`${'b'.repeat(1_097)}end`);
  await sleep(50);
  release();
  t.match(await upload.until(/done/), /^HTTP\/1.1 200 /);
  t.equal(repeated.length, 2_000);
  upload.socket.destroy();
  other.socket.destroy();
  await proxy.stop();
  await upstream.close();
});
