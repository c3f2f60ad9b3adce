import { connect, type Socket } from 'node:net';

/** A client connection that sends one kind of request and counts what comes back; nothing is parsed that need not be. */
export class Connection {
  readonly #socket: Socket;
  readonly #request: Buffer;
  #done: ((ok: boolean) => void) | undefined;
  #head = '';
  /** Bytes of the body still to come; undefined = the head is not complete. */
  #left: number | undefined;
  #ok = false;

  /** @param request the whole request as it goes on the wire */
  constructor(port: number, request: Buffer) {
    this.#request = request;
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', () => this.#end(false));
    this.#socket.on('close', () => this.#end(false));
  }

  /** Sends the request; `done` is told whether a complete 200 came back. */
  send(done: (ok: boolean) => void): void {
    this.#done = done;
    this.#socket.write(this.#request);
  }

  /** Ends the connection, with whatever is under way on it. */
  close(): void {
    this.#done = undefined;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#left !== undefined) {
      this.#count(chunk.length);
      return;
    }
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(this.#head.slice(0, end))?.[1];
    this.#ok = this.#head.startsWith('HTTP/1.1 200') && length !== undefined;
    this.#left = Number(length ?? 0);
    this.#count(this.#head.length - end - 4);
  }

  #count(bytes: number): void {
    this.#left = (this.#left ?? 0) - bytes;
    if (this.#left > 0) return;
    this.#head = '';
    this.#left = undefined;
    this.#end(this.#ok);
  }

  #end(ok: boolean): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(ok);
  }
}

/** A request with nothing in it that the proxies would have to think about. */
export function plainRequest(port: number, path: string, token: string | undefined): Buffer {
  const authorization = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${authorization}\r\n`, 'latin1');
}
