import { connect as connectTcp, type Socket } from 'node:net';
import type { Connect, ConnectCallback, ConnectOptions } from '../../../src/net/direct-connection.ts';
import { Http1Connections } from '../../../src/net/http1/connections.ts';
import { eventually, onHead, startTcp } from '../../support/tcp.ts';
import type { RecordedCall } from './calls.ts';

/** A request as an upstream has it, with a way to answer. */
export interface Asked {
  readonly path: string;
  readonly nth: number;
  readonly socket: Socket;
  readonly answer: (fields?: string, behind?: string) => void;
}

/** An upstream whose answers the test gives, each with its path as body. */
export async function startAsked() {
  const asked: Asked[] = [];
  const server = await startTcp((socket, nth) => {
    onHead(socket, (head) => {
      const path = head.split(' ')[1] ?? '';
      const answer = (fields = '', behind = ''): void => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n${fields}\r\n${path}${behind}`);
      };
      asked.push({ path, nth, socket, answer });
    });
  });
  const arrived = (count: number) => eventually(() => asked.length === count, `${count} requests have arrived`);
  /** The n-th request, from 0. */
  const request = (n: number): Asked => {
    const one = asked[n];
    if (one === undefined) throw new Error(`there is no request ${n}`);
    return one;
  };
  return { ...server, server, asked, arrived, request };
}

/** Sends a request and answers it; which connection it took, from 1. */
export async function exchange(
  upstream: Awaited<ReturnType<typeof startAsked>>,
  connections: Http1Connections,
  call: RecordedCall,
  fields?: string,
  behind?: string,
): Promise<number> {
  const before = upstream.asked.length;
  connections.send(call);
  await upstream.arrived(before + 1);
  const { nth, answer } = upstream.request(before);
  answer(fields, behind);
  await call.over;
  return nth;
}

/** Connections whose dials the test answers. */
export function dialled(url: string, connections: number) {
  const dials: ConnectCallback[] = [];
  const asked: ConnectOptions[] = [];
  const connect: Connect = (options, callback) => {
    asked.push(options);
    dials.push(callback);
  };
  const made = new Http1Connections(url, { connect, connections, longestUseMs: 3_600_000 });
  const port = Number(new URL(url).port);
  /** Takes the oldest dial. */
  const next = async (): Promise<ConnectCallback> => {
    await eventually(() => dials.length > 0, 'a connection is opened');
    const callback = dials.shift();
    if (callback === undefined) throw new Error('there is none');
    return callback;
  };
  const succeed = async (): Promise<void> => {
    const callback = await next();
    const onread = asked[asked.length - dials.length - 1]?.onread;
    const socket = connectTcp({ port, host: '127.0.0.1', onread });
    await new Promise((resolve) => socket.once('connect', resolve));
    callback(null, socket);
  };
  return { connections: made, dials, asked, next, succeed };
}
