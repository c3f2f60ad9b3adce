import { type IncomingMessage, request } from 'node:http';
import type { Connect } from './direct-connection.ts';

/** A request that has a connection to itself. */
export interface SingleRequest {
  readonly method: 'GET' | 'POST';
  /** http or https; sent as written. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

/**
 * Sends a request on a new connection, which ends with the answer; redirects are not followed.
 * @param take is given the head and the body, which it reads; the connection is closed when it is done.
 * @throws what the connector reports; Node's codes for a connection that broke (ECONNRESET) and for an answer that is no
 *   HTTP (`HPE_…`, without the bytes, which may hold a token); what `take` throws.
 */
export async function sendSingle<T>(
  { method, url, headers, body }: SingleRequest,
  connect: Connect,
  signal: AbortSignal,
  take: (answer: IncomingMessage) => Promise<T>,
): Promise<T> {
  const { protocol, hostname, port, host, pathname, search } = new URL(url);
  const bare = hostname.replace(/^\[|\]$/g, '');
  let wrong: Error | undefined;
  const asked = request({
    method,
    path: pathname + search,
    headers: { ...headers, host, connection: 'close' },
    signal,
    createConnection: (_, callback) => {
      connect({ protocol, hostname: bare, port }, (error, socket) => {
        // Node's types know of no call with an error alone, which its documentation describes
        if (error === null) callback(null, socket);
        else (callback as (error: Error) => void)(error);
      });
      // the socket is given to the callback
      return undefined;
    },
  });
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      asked
        .on('response', resolve)
        // a body that is no HTTP is told here, and as a broken connection to who reads it
        .on('error', (error) => {
          wrong ??= withoutBytes(error);
          reject(wrong);
        })
        // also the end of an answer that switches protocols without being asked
        .on('close', () => reject(coded('ECONNRESET', 'the connection was closed before an answer')));
      asked.end(body);
    });
    // Node's parser takes 000 for a status
    if ((answer.statusCode ?? 0) < 200) throw coded('HPE_INVALID_STATUS', 'the status is no final one');
    return await take(answer);
  } catch (error) {
    throw wrong ?? error;
  } finally {
    asked.destroy();
  }
}

function withoutBytes(error: Error): Error {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return code.startsWith('HPE_') ? coded(code, error.message) : error;
}

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
