/** The part of ws that the tests use; the package brings no types. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';
  import type { ClientRequest, IncomingMessage, Server } from 'node:http';
  import type { Server as TlsServer } from 'node:https';
  import type { Socket } from 'node:net';

  export interface WebSocketOptions {
    readonly headers?: Readonly<Record<string, string>>;
    readonly perMessageDeflate?: boolean | object;
    readonly maxPayload?: number;
  }

  export class WebSocket extends EventEmitter {
    constructor(url: string, protocols?: readonly string[], options?: WebSocketOptions);
    readonly readyState: number;
    readonly bufferedAmount: number;
    readonly protocol: string;
    readonly extensions: string;
    send(data: string | Buffer, done?: (error?: Error) => void): void;
    ping(data?: string): void;
    pause(): void;
    resume(): void;
    close(code?: number, reason?: string): void;
    terminate(): void;
    on(event: 'message', listener: (data: Buffer, binary: boolean) => void): this;
    on(event: 'close', listener: (code: number, reason: Buffer) => void): this;
    on(event: 'unexpected-response', listener: (request: ClientRequest, response: IncomingMessage) => void): this;
    on(event: 'open', listener: () => void): this;
    on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  export class WebSocketServer extends EventEmitter {
    constructor(options: {
      readonly server?: Server | TlsServer;
      readonly perMessageDeflate?: boolean | object;
      readonly maxPayload?: number;
      readonly handleProtocols?: (protocols: Set<string>) => string | false;
      readonly verifyClient?: (
        info: { readonly req: IncomingMessage },
        done: (accept: boolean, status?: number, message?: string, headers?: Record<string, string>) => void,
      ) => void;
    });
    readonly clients: Set<WebSocket>;
    on(event: 'connection', listener: (socket: WebSocket, request: IncomingMessage) => void): this;
    on(event: 'wsClientError', listener: (error: Error, socket: Socket) => void): this;
    close(done?: () => void): void;
  }
}
