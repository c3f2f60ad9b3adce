import type { Socket } from 'node:net';
import type { Connect } from '../direct-connection.ts';
import { type ConnectionOwner, type Http1Call, Http1Connection } from './connection.ts';
import { ReceiveBuffer } from './receive-buffer.ts';

/** How the connections to one upstream are made, and how many. */
export interface Http1Settings {
  readonly connect: Connect;
  readonly connections: number;
  /** Milliseconds after which a connection takes no further request. */
  readonly longestUseMs: number;
}

/** How long an idle connection is kept where the upstream does not say: servers close theirs after five seconds and more. */
const idleMs = 4_000;
/** How much earlier than the upstream we close one, so that it does not close it under a request. */
const earlierMs = 2_000;
const longestIdleMs = 600_000;
/** Milliseconds between two looks at the idle connections: one may live that much longer. */
const sweepMs = 500;

const closing = new Error('the connection is closed');

/**
 * The HTTP/1.1 connections to one upstream: requests wait for one in their order, idle ones are used again, the last first.
 *
 * All that has arrived is read before anything is sent, and between two requests on a connection the event loop has
 * looked at it once: what the upstream has closed, or sent without being asked, is known by then (CVE-2026-48931).
 */
export class Http1Connections implements ConnectionOwner {
  readonly #origin: URL;
  readonly #settings: Http1Settings;
  readonly #open = new Set<Http1Connection>();
  readonly #idle: Http1Connection[] = [];
  /** Idle since this turn of the event loop. */
  #resting: Http1Connection[] = [];
  readonly #waiting: Http1Call[] = [];
  /** Those that need a new connection; a WebSocket needs one that is a stream, without a ReceiveBuffer. */
  readonly #waitingForNew: Http1Call[] = [];
  #dialing = 0;
  /** Those of them that a WebSocket can have. */
  #dialingStreams = 0;
  #scheduled = false;
  #sweeping = false;
  /** Connections are not kept any more. */
  #closed = false;
  /** Nothing is sent any more either. */
  #over = false;
  #emptied: (() => void) | undefined;

  constructor(origin: string, settings: Http1Settings) {
    this.#origin = new URL(origin);
    this.#settings = settings;
  }

  /** Sends a request as soon as there is a connection for it; fails it at once after close(). */
  send(call: Http1Call): void {
    if (this.#over) {
      call.failed(closing);
      return;
    }
    (call.needsNewConnection || call.upgrade ? this.#waitingForNew : this.#waiting).push(call);
    this.#schedule();
  }

  /** Takes back a request that has not begun; it is told nothing. */
  forget(call: Http1Call): void {
    remove(this.#waiting, call);
    remove(this.#waitingForNew, call);
    this.#checkEmpty();
  }

  /** Ends each connection when its request is over; those that wait come before. */
  async closeWhenIdle(): Promise<void> {
    this.#closed = true;
    this.#endIdle();
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      this.#checkEmpty();
    });
  }

  /** Ends every connection, and fails what waits. */
  close(): void {
    this.#closed = true;
    this.#over = true;
    for (const call of [...this.#waitingForNew.splice(0), ...this.#waiting.splice(0)]) call.failed(closing);
    for (const connection of [...this.#open]) connection.abort(closing);
  }

  released(connection: Http1Connection, keepAliveMs: number | undefined): void {
    const lifeMs = keepAliveMs === undefined ? idleMs : Math.min(keepAliveMs - earlierMs, longestIdleMs);
    const nowMs = performance.now();
    const isOld = nowMs - connection.openedMs > this.#settings.longestUseMs;
    if (lifeMs <= 0 || isOld || (this.#closed && this.#waiting.length === 0)) {
      connection.abort(closing);
      return;
    }
    connection.idleUntilMs = nowMs + lifeMs;
    this.#resting.push(connection);
    this.#schedule();
    this.#sweep();
  }

  left(connection: Http1Connection): void {
    this.#open.delete(connection);
    remove(this.#idle, connection);
    remove(this.#resting, connection);
    if (this.#waiting.length > 0 || this.#waitingForNew.length > 0) this.#schedule();
    this.#checkEmpty();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  /** Once in a turn of the event loop, behind everything that it has read. */
  #turn(): void {
    for (let call = this.#waiting[0]; call !== undefined; call = this.#waiting[0]) {
      const connection = this.#idle.pop();
      if (connection === undefined) break;
      this.#waiting.shift();
      connection.send(call);
    }
    this.#dialForTheRest();
    if (this.#resting.length > 0) {
      if (this.#waiting.length > 0) this.#schedule();
      this.#idle.push(...this.#resting);
      this.#resting = [];
    }
    if (this.#closed && this.#waiting.length === 0) this.#endIdle();
  }

  #dialForTheRest(): void {
    // as in nearly every turn under load
    if (this.#waiting.length + this.#waitingForNew.length === 0) return;
    const waiting = Math.max(0, this.#waiting.length - this.#resting.length);
    const upgrades = this.#waitingForNew.filter(({ upgrade }) => upgrade).length;
    // dials that were begun for others, and are not needed any more, are of no use to a WebSocket
    let forUpgrades = upgrades - this.#dialingStreams;
    let forNew = Math.max(this.#waitingForNew.length - this.#dialing, forUpgrades);
    let wanted = Math.max(this.#waitingForNew.length + waiting - this.#dialing, forUpgrades);
    for (; wanted > 0; wanted -= 1) {
      const full = this.#open.size + this.#dialing >= this.#settings.connections;
      // no idle connection is good enough for those that need a new one
      if (full && forNew > 0) (this.#idle.pop() ?? this.#resting.pop())?.abort(closing);
      if (this.#open.size + this.#dialing >= this.#settings.connections) return;
      this.#dial(forUpgrades > 0);
      forUpgrades -= 1;
      forNew -= 1;
    }
  }

  /** @param upgrade it is for a WebSocket */
  #dial(upgrade: boolean): void {
    this.#dialing += 1;
    const { hostname, protocol, port } = this.#origin;
    const name = hostname.replace(/^\[|\]$/g, '');
    // of TLS Node goes on to give what it has decrypted already, pause() or not
    const stream = protocol === 'https:' || upgrade;
    if (stream) this.#dialingStreams += 1;
    const onread = stream ? undefined : new ReceiveBuffer();
    let asking: readonly (Http1Call | undefined)[] = [this.#waiting.at(-1), this.#waitingForNew.at(-1)];
    this.#settings.connect({ hostname: name, protocol, port, onread }, (error, socket) => {
      this.#dialing -= 1;
      if (stream) this.#dialingStreams -= 1;
      if (error === null) this.#connected(socket, onread);
      else {
        // who has come since waits for a dial of its own, or for a connection that is there
        const [last, lastForNew] = asking;
        const concerned = includes(this.#waiting, last) || includes(this.#waitingForNew, lastForNew);
        if (concerned) this.#next(onread === undefined)?.failed(error);
        this.#checkEmpty();
      }
      // the socket may keep this function as long as it lives
      asking = [];
      this.#schedule();
    });
  }

  #connected(socket: Socket, received: ReceiveBuffer | undefined): void {
    const connection = new Http1Connection(socket, this.#origin.host, this, received);
    this.#open.add(connection);
    const call = this.#next(received === undefined);
    if (call === undefined) this.released(connection, undefined);
    else connection.send(call);
  }

  /** The next for a new connection. @param stream a WebSocket can have it, and comes first */
  #next(stream: boolean): Http1Call | undefined {
    const others = this.#waitingForNew.findIndex(({ upgrade }) => !upgrade);
    const upgrade = stream ? this.#waitingForNew.findIndex(({ upgrade }) => upgrade) : -1;
    const place = upgrade === -1 ? others : upgrade;
    return place === -1 ? this.#waiting.shift() : this.#waitingForNew.splice(place, 1)[0];
  }

  #endIdle(): void {
    for (const connection of [...this.#idle, ...this.#resting]) connection.abort(closing);
  }

  /** One timer for all idle connections; each look finds those whose time is over. */
  #sweep(): void {
    if (this.#sweeping) return;
    this.#sweeping = true;
    setTimeout(() => {
      this.#sweeping = false;
      const nowMs = performance.now();
      for (const connection of [...this.#idle]) if (connection.idleUntilMs <= nowMs) connection.abort(closing);
      if (this.#idle.length + this.#resting.length > 0) this.#sweep();
    }, sweepMs).unref();
  }

  #checkEmpty(): void {
    if (this.#open.size === 0 && this.#dialing + this.#waiting.length + this.#waitingForNew.length === 0)
      this.#emptied?.();
  }
}

function includes<T>(list: readonly T[], one: T | undefined): boolean {
  return one !== undefined && list.includes(one);
}

function remove<T>(list: T[], one: T): void {
  const place = list.indexOf(one);
  if (place !== -1) list.splice(place, 1);
}
