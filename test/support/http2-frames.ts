import type { Socket } from 'node:net';
import { startTcp, type TcpServer } from './tcp.ts';
import { tlsText } from './test-certificates.ts';

/** One frame of HTTP/2 (RFC 9113 §4.1). */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Kinds of frames (RFC 9113 §6). */
export const kind = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, window: 8 };

/** Flags: of DATA and HEADERS, of HEADERS, of SETTINGS and PING. */
export const flag = { endStream: 1, endHeaders: 4, ack: 1 };

/** The bytes of a frame. */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A frame of 32-bit numbers: GOAWAY, RST_STREAM, WINDOW_UPDATE. */
export function numbers(type: number, stream: number, ...values: readonly number[]): Buffer {
  const payload = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    payload.writeUInt32BE(value, 4 * index);
  });
  return frame(type, 0, stream, payload);
}

/** HEADERS with a status and nothing else; `flags` besides END_HEADERS. */
export function head(stream: number, status: string, flags = 0): Buffer {
  // a literal field with the indexed name :status (RFC 7541 §6.2.2)
  const field = Buffer.concat([Buffer.from([0x08, status.length]), Buffer.from(status)]);
  return frame(kind.headers, flags | flag.endHeaders, stream, field);
}

/**
 * An https server of HTTP/2 frames, for what no HTTP/2 library would send; acknowledges settings if it greets, and nothing else.
 * @param take is given each frame; `nth` is the number of its connection, from 1
 * @param greeting what each connection begins with
 */
export function startFrames(
  take: (socket: Socket, one: Frame, nth: number) => void,
  greeting: Buffer = frame(kind.settings, 0, 0),
): Promise<TcpServer> {
  const options = { cert: tlsText('server.pem'), key: tlsText('server.key'), ALPNProtocols: ['h2'] };
  return startTcp((socket, nth) => {
    socket.write(greeting);
    let received = Buffer.alloc(0);
    let at = 24; // behind the preface
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= at + 9 && received.length >= at + 9 + received.readUIntBE(at, 3)) {
        const payload = received.subarray(at + 9, at + 9 + received.readUIntBE(at, 3));
        const [type = 0, flags = 0] = received.subarray(at + 3, at + 5);
        const one = { type, flags, stream: received.readUInt32BE(at + 5), payload };
        at += 9 + payload.length;
        if (type === kind.settings && flags === 0 && greeting.length > 0)
          socket.write(frame(kind.settings, flag.ack, 0));
        take(socket, one, nth);
      }
    });
  }, options);
}
