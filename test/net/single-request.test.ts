import { inspect } from 'node:util';
import t from 'tap';
import { createConnector } from '../../src/net/connector.ts';
import { sendSingle } from '../../src/net/single-request.ts';
import { eventually, onHead, startTcp } from '../support/tcp.ts';

const connect = createConnector({}, 5_000);
const never = new AbortController().signal;

/** Sends a request to a server that answers with these bytes, and reads the body. */
async function ask(answer: string, signal: AbortSignal = never) {
  const heads: string[] = [];
  const server = await startTcp((socket) =>
    onHead(socket, (head) => {
      heads.push(String(head));
      socket.write(answer);
    }),
  );
  t.teardown(server.close);
  const request = { method: 'POST', url: `${server.url}/token?a=b`, headers: { accept: 'x/y' }, body: 'form' } as const;
  const text = sendSingle(request, connect, signal, async (message) => {
    const pieces: Buffer[] = [];
    for await (const piece of message) pieces.push(piece);
    return `${message.statusCode} ${Buffer.concat(pieces)}`;
  });
  return { text, heads, server };
}

t.test('one request, one connection: it is closed with the answer, a redirect is an answer', async (t) => {
  const { text, heads, server } = await ask('HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok');
  t.equal(await text, '302 ok');
  t.match(heads[0], /^POST \/token\?a=b HTTP\/1\.1\r\n/);
  t.match(heads[0], /\r\nconnection: close\r\n/i);
  t.match(heads[0], new RegExp(`\r\nhost: ${new URL(server.url).host}\r\n`, 'i'));
  await eventually(() => server.sockets.size === 0, 'the connection is closed');
  t.equal(server.connections, 1);
});

for (const [name, answer, code] of [
  ['a head that is no HTTP', 'SSH-2.0-a-secret-token\r\n', /^HPE_/],
  ['a body that is no HTTP', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-a-secret-token', /^HPE_/],
  ['a switch of protocols', 'HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n', /^ECONNRESET$/],
  ['a status of nothing', 'HTTP/1.1 000 Huh\r\nContent-Length: 0\r\n\r\n', /^HPE_INVALID_STATUS$/],
] as const) {
  t.test(`${name} fails, and the error has none of its bytes`, async (t) => {
    const { text, server } = await ask(answer);
    const error: unknown = await text.catch((reason: unknown) => reason);
    t.match(error, { code });
    t.notMatch(inspect(error, { depth: 9 }), /secret|53 53 48/);
    await eventually(() => server.sockets.size === 0, 'the connection is closed');
  });
}

t.test('who gives up closes the connection', async (t) => {
  const stop = new AbortController();
  const { text, heads, server } = await ask('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', stop.signal);
  await eventually(() => heads.length === 1, 'the request');
  stop.abort();
  await t.rejects(text);
  await eventually(() => server.sockets.size === 0, 'the connection is closed');
});
