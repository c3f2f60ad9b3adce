import { type ClientHttp2Session, connect } from 'node:http2';
import type { TLSSocket } from 'node:tls';

/** Bytes that an upstream may send ahead on one stream, and on all of a connection: 64 KiB would be 64 KiB per round trip. */
const streamWindow = 512 * 1024;
const connectionWindow = 16 * 1024 * 1024;

/**
 * Begins HTTP/2 on a connection whose handshake has agreed on it. A file of its own, so that node:http2 is loaded only
 * where it is used.
 * @returns when the upstream has said how many streams it takes. @throws when the connection ends before
 */
export async function openSession(origin: URL, socket: TLSSocket): Promise<ClientHttp2Session> {
  const session = connect(origin, {
    createConnection: () => socket,
    settings: { enablePush: false, initialWindowSize: streamWindow },
  });
  await new Promise<void>((resolve, reject) => {
    session.once('error', reject);
    session.once('close', () => reject(new Error('the upstream closed the connection at once')));
    session.once('remoteSettings', () => {
      session.off('error', reject);
      resolve();
    });
  });
  session.setLocalWindowSize(connectionWindow);
  return session;
}
