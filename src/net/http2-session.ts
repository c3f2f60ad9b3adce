import { type ClientHttp2Session, connect } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { LateTimer } from './late-timer.ts';

/** Bytes that an upstream may send ahead on one stream, and on all of a connection: 64 KiB would be 64 KiB per round trip. */
const streamWindow = 512 * 1024;
const connectionWindow = 16 * 1024 * 1024;
/** Node's 128 are fewer than the fields of an answer that comes through over HTTP/1.1, whose heads are limited in bytes (16 KiB). */
const mostFields = 4_096;

/**
 * Begins HTTP/2 on a connection whose handshake has agreed on it. A file of its own, so that node:http2 is loaded only
 * where it is used.
 * @param limitMs milliseconds within which the upstream's settings have to come (RFC 9113 §3.4: it sends them first)
 * @returns when the upstream has said how many streams it takes. @throws when the connection ends before, or in time
 */
export async function openSession(origin: URL, socket: TLSSocket, limitMs: number): Promise<ClientHttp2Session> {
  const session = connect(origin, {
    createConnection: () => socket,
    maxHeaderListPairs: mostFields,
    settings: { enablePush: false, initialWindowSize: streamWindow },
  });
  const timer = new LateTimer(limitMs, () => session.destroy(withoutSettings(limitMs)));
  try {
    await new Promise<void>((resolve, reject) => {
      // it stays: an error between two owners must not end the process
      session.on('error', reject);
      session.once('close', () => reject(new Error('the upstream closed the connection at once')));
      session.once('remoteSettings', () => resolve());
    });
  } finally {
    timer.stop();
  }
  session.setLocalWindowSize(connectionWindow);
  return session;
}

function withoutSettings(limitMs: number): Error {
  return Object.assign(new Error(`no HTTP/2 settings within ${limitMs / 1_000} s`), { code: 'ETIMEDOUT' });
}
