import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Destination } from './egress-proxy.ts';
import { LateTimer } from './late-timer.ts';
import { lookup } from './shared-lookup.ts';

/** Where a connection goes to. */
export interface ConnectOptions extends Destination {
  /** A way to an https server, such as a tunnel, in which the handshake takes place. */
  readonly httpSocket?: Socket | undefined;
  /** Takes what comes in place of 'data' events, on a connection that is neither TLS nor a tunnel. */
  readonly onread?: OnReadOpts | undefined;
}

/** Takes the connection, for https a TLSSocket whose certificate has been checked, or why there is none. */
export type ConnectCallback = (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void;

/** Opens one connection; the callback is called once. */
export type Connect = (options: ConnectOptions, callback: ConnectCallback) => void;

/** How connections to the server itself are made. */
export interface DirectSettings {
  /** Milliseconds to establish TCP and TLS; more than 0. */
  readonly timeoutMs: number;
  /** true = any certificate will do. */
  readonly insecureSkipVerify: boolean | undefined;
  /** Asked for and checked in place of the host; undefined = the host. */
  readonly serverName: string | undefined;
  /** undefined = Node's own authorities and versions. */
  readonly context: SecureContext | undefined;
  /** Offer HTTP/2 besides HTTP/1.1. */
  readonly http2: boolean;
}

const keepAliveProbeMs = 60_000;

/** Makes connections without anything on the way; TLS sessions are taken up again (RFC 8446 §2.2). */
export function directConnector(settings: DirectSettings): Connect {
  const sessions = new Map<string, Buffer>();
  return (options, callback) => {
    const secure = options.protocol === 'https:';
    const socket = secure ? openTls(options, settings, sessions) : openTcp(options);
    settle(socket, secure ? 'secureConnect' : 'connect', settings.timeoutMs, callback);
  };
}

function openTcp({ hostname, port, onread }: ConnectOptions): Socket {
  // Node takes it, though its types do not say so: what is written in one go waits for no drain
  const settings: object = { highWaterMark: 65_536 };
  return connectTcp({ ...settings, host: hostname, port: port === '' ? 80 : Number(port), lookup, onread });
}

function openTls(options: ConnectOptions, settings: DirectSettings, sessions: Map<string, Buffer>): Socket {
  const { hostname, port, httpSocket } = options;
  const { serverName = isIP(hostname) === 0 ? hostname : undefined, context, http2 } = settings;
  const name = serverName ?? hostname;
  const session = sessions.get(name);
  const socket = connectTls({
    host: hostname,
    port: port === '' ? 443 : Number(port),
    lookup,
    ALPNProtocols: http2 ? ['http/1.1', 'h2'] : ['http/1.1'],
    rejectUnauthorized: settings.insecureSkipVerify !== true,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(session === undefined ? {} : { session }),
    ...(context === undefined ? {} : { secureContext: context }),
    ...(httpSocket === undefined ? {} : { socket: httpSocket }),
  });
  return socket.on('session', (latest) => sessions.set(name, latest));
}

function settle(socket: Socket, ready: string, timeoutMs: number, callback: ConnectCallback): void {
  let asked = true;
  const end: ConnectCallback = (...result) => {
    if (!asked) return;
    asked = false;
    timer.stop();
    callback(...result);
  };
  const timer = new LateTimer(timeoutMs, () => socket.destroy(timedOut(socket, timeoutMs)));
  socket
    .setNoDelay(true)
    .setKeepAlive(true, keepAliveProbeMs)
    .once(ready, () => end(null, socket))
    // it stays: an error between two owners must not end the process
    .on('error', (error) => end(error, null))
    // destroyed by whoever has it, without an error
    .once('close', () => end(closed(), null));
}

function timedOut({ autoSelectFamilyAttemptedAddresses: tried = [] }: Socket, timeoutMs: number): Error {
  const where = tried.length === 0 ? '' : ` (tried ${tried.join(', ')})`;
  return Object.assign(new Error(`no connection within ${timeoutMs / 1000} s${where}`), { code: 'ETIMEDOUT' });
}

function closed(): Error {
  return Object.assign(new Error('the connection was closed before it was established'), { code: 'ECONNRESET' });
}
