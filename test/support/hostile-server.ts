import type { Socket } from 'node:net';
import { onHead, startTcp, type TcpServer } from './tcp.ts';

/** What a server does with a connection on which a request has arrived; `third` is the origin of somebody else. */
export type Misbehaviour = (socket: Socket, third: string) => void;

/** A server with bad intentions. */
export interface HostileServer extends TcpServer {
  /** Heads of the requests, by the name of the behaviour, which is the first part of the path. */
  readonly asked: Map<string, string[]>;
}

/** Starts a server that does with each request what the first part of its path names. */
export async function startHostile(
  behaviours: Readonly<Record<string, Misbehaviour>>,
  third: string,
): Promise<HostileServer> {
  const asked = new Map<string, string[]>();
  const server = await startTcp((socket) =>
    onHead(socket, (head) => {
      const [, name = ''] = /^[A-Z]+ \/([^/? ]+)/.exec(head) ?? [];
      const behave = behaviours[name];
      if (behave === undefined) return; // the rest of a body
      asked.set(name, [...(asked.get(name) ?? []), head]);
      behave(socket, third);
    }),
  );
  return Object.assign(server, { asked });
}

/** Bytes as they are; THIRD stands for the origin of somebody else. */
export function says(bytes: string, then: 'waits' | 'ends' | 'resets' = 'waits'): Misbehaviour {
  return (socket, third) => {
    socket.write(Buffer.from(bytes.replaceAll('THIRD', third), 'latin1'));
    if (then === 'ends') socket.end();
    if (then === 'resets') setTimeout(() => socket.resetAndDestroy(), 20);
  };
}

/** A whole answer: the length of the body is right unless the fields say another one. */
export function answers(
  statusAndFields: string,
  body: string | Buffer = '',
  then: 'waits' | 'ends' = 'ends',
): Misbehaviour {
  return (socket, third) => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.replaceAll('THIRD', third), 'utf8');
    const length = /content-length|transfer-encoding/i.test(statusAndFields)
      ? ''
      : `Content-Length: ${bytes.length}\r\n`;
    const head = `HTTP/1.1 ${statusAndFields.replaceAll('THIRD', third)}\r\n${length}\r\n`;
    socket.write(Buffer.concat([Buffer.from(head, 'latin1'), bytes]));
    if (then === 'ends') socket.end();
  };
}

/** Something short again and again, slowly, without an end. */
export function drips(start: string, piece: string, everyMs = 50): Misbehaviour {
  return (socket, third) => {
    socket.write(start);
    const timer = setInterval(() => socket.write(piece.replaceAll('THIRD', third)), everyMs);
    socket.on('close', () => clearInterval(timer));
  };
}

/** As much as the other side takes, without an end. */
export function floods(start: string, piece: string): Misbehaviour {
  return (socket) => {
    const bytes = Buffer.from(piece, 'latin1');
    socket.write(start);
    const pump = (): void => {
      while (!socket.destroyed && socket.write(bytes));
    };
    socket.on('drain', pump);
    pump();
  };
}

/** A chunk of a chunked body. */
export function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}
