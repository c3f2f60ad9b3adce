import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ArrivedRequest } from './arrival.ts';

/** A response as the listener's server makes it. */
export type ListenerResponse = ServerResponse<ArrivedRequest>;

/**
 * The answers of each client connection in their order. Node keeps it for what it takes for a request; upgrades,
 * CONNECT and bytes that are no request it reports at once, even while earlier answers are still to come, and it goes
 * on reading behind a request whose answer says that the connection is closed (RFC 9112 §9.3.2, §9.6).
 */
export class AnswerOrder {
  readonly #last = new WeakMap<Socket, ListenerResponse>();
  readonly #ended = new WeakSet<Socket>();
  /** Those whose turn has not come. */
  readonly #queued = new WeakMap<Socket, Set<ListenerResponse>>();

  /** A request has arrived. */
  began(socket: Socket, response: ListenerResponse): void {
    this.#last.set(socket, response);
    if (response.socket === null) this.#queue(socket, response);
  }

  /** Older Node tells only the answer whose turn it is that the connection has ended; the others would wait for theirs for ever. */
  #queue(socket: Socket, response: ListenerResponse): void {
    let queued = this.#queued.get(socket);
    if (queued === undefined) {
      const all = new Set<ListenerResponse>();
      queued = all;
      this.#queued.set(socket, all);
      socket.once('close', () => {
        // behind what Node does itself; who has been told has left the set
        process.nextTick(() => {
          for (const one of all) one.destroy().emit('close');
        });
      });
    }
    queued.add(response);
    response.once('close', () => queued.delete(response));
  }

  /** The last answer that has begun and is not over. */
  pending(socket: Socket): ListenerResponse | undefined {
    const last = this.#last.get(socket);
    return last === undefined || last.writableFinished || last.closed ? undefined : last;
  }

  /** Nothing more that arrives on this connection is served: it has been told to close. */
  closing(socket: Socket): boolean {
    return this.#ended.has(socket) || this.#last.get(socket)?.req.closing === true;
  }

  /** From here on the connection serves nothing more. */
  end(socket: Socket): void {
    this.#ended.add(socket);
  }

  /** Calls back when every answer before is over, at once where there is none; not at all when the connection is gone. */
  afterward(socket: Socket, then: () => void): void {
    const pending = this.pending(socket);
    if (pending === undefined) {
      then();
      return;
    }
    // Node has taken its own listener away from a socket that leaves HTTP
    socket.on('error', () => socket.destroy());
    pending.once('close', () => {
      if (pending.writableFinished && !socket.destroyed && socket.writable) then();
      else socket.destroy();
    });
  }
}
