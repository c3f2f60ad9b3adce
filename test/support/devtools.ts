import { WebSocket } from 'ws';

/** What an event or an answer carries; the protocol's own documentation says what is in it. */
export type Fields = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

/** A connection that speaks the Chrome DevTools Protocol, with its pages as sessions of the same socket. */
export class DevTools {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (result: Fields) => void; reject: (error: Error) => void }>();
  readonly #listeners = new Map<string, Set<(method: string, params: Fields) => void>>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#read(JSON.parse(data.toString()) as Message));
    socket.on('close', () => this.#lost());
    socket.on('error', () => this.#lost());
  }

  /** @param address `ws://127.0.0.1:PORT/devtools/browser/…` */
  static connect(address: string): Promise<DevTools> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(address, [], { perMessageDeflate: false, maxPayload: 256 * 1024 * 1024 });
      socket.on('open', () => resolve(new DevTools(socket)));
      socket.on('error', reject);
    });
  }

  /** Sends a command, to a session or to the browser. @throws Error in the words of the browser */
  send(method: string, params: object = {}, sessionId?: string): Promise<Fields> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject: (error) => reject(new Error(`${method}: ${error.message}`)) });
      this.#socket.send(JSON.stringify({ id, method, params, sessionId }), (error) => error && reject(error));
    });
  }

  /** Calls the listener for each event of the session. */
  listen(sessionId: string, listener: (method: string, params: Fields) => void): void {
    const listeners = this.#listeners.get(sessionId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(sessionId, listeners);
  }

  close(): void {
    this.#socket.close();
  }

  #read({ id, method, params, result, error, sessionId }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error !== undefined) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result ?? {});
    } else if (method !== undefined && sessionId !== undefined) {
      for (const listener of this.#listeners.get(sessionId) ?? []) listener(method, params ?? {});
    }
  }

  #lost(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the browser is gone'));
    this.#waiting.clear();
  }
}
