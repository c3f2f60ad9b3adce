import { connect, type Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { onHead, startTcp, type TcpServer } from './tcp.ts';

/** What a proxy does with a CONNECT: open the tunnel (after 300 ms: late; after informational answers: early), or one of the ways not to. */
export type Reaction = 'open' | 'silent' | 'reset' | 'close' | 'drip' | 'late' | 'early' | { readonly bytes: string };

/** A proxy on loopback that opens tunnels, or fails to. */
export interface ConnectProxy extends TcpServer {
  /** The heads that it was sent, in order. */
  readonly heads: string[];
  /** Tunnels that are open. */
  readonly tunnels: Set<Socket>;
  /** What the next ones get. */
  reaction: Reaction;
}

/**
 * Starts one. Whatever name it is asked for leads to loopback, to the port that was asked for: so that a test can use
 * names that are not this machine's, which is always reached directly.
 */
export async function startConnectProxy(reaction: Reaction = 'open', tls?: TlsOptions): Promise<ConnectProxy> {
  const heads: string[] = [];
  const tunnels = new Set<Socket>();
  const server = await startTcp((socket) => {
    onHead(socket, (head) => {
      heads.push(head);
      socket.removeAllListeners('data');
      react(socket, Number(/^CONNECT \S+:(\d+) /.exec(head)?.[1] ?? 0));
    });
  }, tls);
  const proxy: ConnectProxy = Object.assign(server, { heads, tunnels, reaction });

  function react(socket: Socket, port: number): void {
    const { reaction } = proxy;
    const established = 'HTTP/1.1 200 Connection established\r\n\r\n';
    if (reaction === 'early') {
      socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n');
      setTimeout(() => open(socket, port, `\r\nHTTP/1.1 102 Processing\r\n\r\n${established}`), 20);
    } else if (reaction === 'open' || reaction === 'late') {
      setTimeout(() => open(socket, port, established), reaction === 'late' ? 300 : 0);
    } else if (reaction === 'reset') socket.resetAndDestroy();
    else if (reaction === 'close') socket.end();
    else if (reaction === 'drip') drip(socket, established.repeat(10));
    else if (reaction !== 'silent') socket.write(Buffer.from(reaction.bytes, 'latin1'));
  }

  function open(socket: Socket, port: number, established: string): void {
    const far = connect(port, '127.0.0.1');
    far.on('error', () => socket.destroy());
    tunnels.add(socket);
    socket.on('close', () => {
      tunnels.delete(socket);
      far.destroy();
    });
    far.on('close', () => socket.end());
    socket.write(established);
    socket.pipe(far).pipe(socket);
  }
  return proxy;
}

function drip(socket: Socket, text: string): void {
  let sent = 0;
  const timer = setInterval(() => {
    socket.write(text[sent] ?? '');
    sent += 1;
  }, 20);
  socket.on('close', () => clearInterval(timer));
}
