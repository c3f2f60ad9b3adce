import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ArrivedRequest } from './arrival.ts';
import { endOnError, holdEarly } from './left-socket.ts';

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
    if (response.socket === null) {
      response.req.behind = this.#last.get(socket);
      this.#queue(socket, response);
    }
    this.#last.set(socket, response);
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
        queueMicrotask(() => {
          for (const one of all) one.destroy().emit('close');
        });
      });
    }
    queued.add(response);
    response.once('close', () => {
      queued.delete(response);
      response.req.behind = undefined;
    });
  }

  /** The last answer that has begun and is not over. */
  pending(socket: Socket): ListenerResponse | undefined {
    const last = this.#last.get(socket);
    return last === undefined || last.closed ? undefined : last;
  }

  /** Nothing more that arrives on this connection is served: it has been told to close. */
  closing(socket: Socket): boolean {
    return this.#ended.has(socket) || this.#last.get(socket)?.req.closing === true;
  }

  /** From here on the connection serves nothing more. */
  end(socket: Socket): void {
    this.#ended.add(socket);
  }

  /**
   * Calls back when every answer before is over, at once where there is none; not at all when the connection is gone.
   * @param left the socket has left HTTP: Node has taken all its listeners away
   */
  afterward(socket: Socket, left: boolean, then: () => void): void {
    const pending = this.pending(socket);
    if (pending === undefined) {
      then();
      return;
    }
    endOnError(socket);
    const early = left ? this.#standIn(socket, pending) : undefined;
    pending.once('close', () => {
      const bytes = early?.();
      if (!pending.writableFinished || socket.destroyed || !socket.writable) {
        socket.destroy();
        return;
      }
      if (bytes !== undefined && bytes.length > 0) socket.unshift(bytes);
      then();
      if (left) socket.resume();
    });
  }

  /** Tells the answer whose turn it is that there is room again, and reads, which alone shows that the client leaves. */
  #standIn(socket: Socket, last: ListenerResponse): () => Buffer {
    const drained = (): void => {
      let one: ListenerResponse | undefined = last;
      while (one !== undefined && one.socket === null) one = one.req.behind;
      one?.emit('drain');
    };
    socket.on('drain', drained);
    const early = holdEarly(socket, Buffer.alloc(0));
    return () => {
      socket.off('drain', drained).pause();
      return early();
    };
  }
}
