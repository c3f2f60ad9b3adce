import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { createSecureContext } from 'node:tls';
import { directConnector } from '../../../src/net/direct-connection.ts';
import type { Http1Call, Http1Connection } from '../../../src/net/http1/connection.ts';
import { Http1Connections } from '../../../src/net/http1/connections.ts';
import type { ResponseHead } from '../../../src/net/http1/response-head.ts';
import { loopback } from '../../support/certificates.ts';

/** What a test may say about a request; the rest is a GET that nothing is special about. */
export interface CallOptions {
  readonly method?: string;
  readonly fields?: readonly string[];
  readonly upgrade?: boolean;
  readonly needsNewConnection?: boolean;
  readonly openBody?: () => Readable;
  /** Does something besides when an event comes. */
  readonly on?: Partial<Record<'begun' | 'informed' | 'answered' | 'received' | 'ended', (call: RecordedCall) => void>>;
}

/** A request that writes down everything that it is told. */
export class RecordedCall implements Http1Call {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly string[];
  readonly upgrade: boolean;
  readonly needsNewConnection: boolean;
  readonly openBody: (() => Readable) | undefined;
  /** In order: `begun new`, `begun reused`, statuses, pieces, `starved` is left out; the last is how it ended. */
  readonly events: string[] = [];
  readonly error: Promise<Error>;
  readonly socket: Promise<Socket>;
  /** Settles with the last event. */
  readonly over: Promise<string>;
  connection: Http1Connection | undefined;
  trailers: readonly string[] = [];
  readonly #on: NonNullable<CallOptions['on']>;
  #fail: (error: Error) => void = () => {};
  #switch: (socket: Socket) => void = () => {};
  #settle: (last: string) => void = () => {};

  constructor(target: string, options: CallOptions = {}) {
    const { method = 'GET', fields = [], upgrade = false, needsNewConnection = false, openBody, on = {} } = options;
    this.target = target;
    this.method = method;
    this.fields = fields;
    this.upgrade = upgrade;
    this.needsNewConnection = needsNewConnection;
    this.openBody = openBody;
    this.#on = on;
    this.error = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.socket = new Promise((resolve) => {
      this.#switch = resolve;
    });
    this.over = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  begun(connection: Http1Connection, reused: boolean): void {
    this.connection = connection;
    this.events.push(reused ? 'begun reused' : 'begun new');
    this.#on.begun?.(this);
  }

  informed({ status }: ResponseHead): void {
    this.events.push(`informed ${status}`);
    this.#on.informed?.(this);
  }

  answered({ status }: ResponseHead): void {
    this.events.push(`answered ${status}`);
    this.#on.answered?.(this);
  }

  received(piece: Buffer): void {
    this.events.push(piece.toString('latin1'));
    this.#on.received?.(this);
  }

  starved(): void {}

  ended(trailers: readonly string[]): void {
    this.trailers = trailers;
    this.#last('ended');
    this.#on.ended?.(this);
  }

  failed(error: Error): void {
    this.#fail(error);
    this.#last('failed');
  }

  switched({ status }: ResponseHead, socket: Socket): void {
    this.#switch(socket);
    this.#last(`switched ${status}`);
  }

  #last(event: string): void {
    this.events.push(event);
    this.#settle(event);
  }
}

/** Real connections to an upstream on loopback, whose certificate is `loopback` where it has one. */
export function connectionsTo(url: string, connections: number, longestUseMs = 3_600_000): Http1Connections {
  const connect = directConnector({
    timeoutMs: 5_000,
    insecureSkipVerify: undefined,
    serverName: undefined,
    context: url.startsWith('https:') ? createSecureContext({ ca: loopback.cert }) : undefined,
    http2: false,
  });
  return new Http1Connections(url, { connect, connections, longestUseMs });
}

/** The next turns of the event loop, in which everything that is on loopback arrives. */
export async function turns(count: number = 5): Promise<void> {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
}
