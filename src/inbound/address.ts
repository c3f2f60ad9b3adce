import { fstatSync } from 'node:fs';
import { chmod, stat, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { ListenAddress } from '../config/config.ts';
import { BearerdError } from '../errors.ts';

/** An address that a server listens on. */
export interface Opened {
  /** http://127.0.0.1:8080, https:// with TLS, unix:/path, or fd:3 where more is not known. */
  readonly url: string;
}

/** Ports tried after a default one that is taken. */
const nextPorts = 20;

/**
 * Makes a server listen.
 * @param mayMove a port that is taken gives way to the next free one (the default admin address)
 * @throws BearerdError BEARERD_LISTEN
 */
export async function openAddress(server: Server, address: ListenAddress, mayMove: boolean): Promise<Opened> {
  if (address.kind === 'unix') return openSocket(server, address.path);
  const scheme = address.tls === undefined ? 'http' : 'https';
  if (address.kind === 'fd') return openDescriptor(server, address.fd, scheme);
  const { host, port } = address;
  const last = mayMove && port !== 0 ? Math.min(65_535, port + nextPorts) : port;
  for (let candidate = port; ; candidate += 1) {
    try {
      await listen(server, { host, port: candidate });
      const bound = server.address();
      const actual = typeof bound === 'object' && bound !== null ? bound.port : candidate;
      return { url: urlOf(scheme, host, actual) };
    } catch (error) {
      if (isTaken(error) && candidate < last) continue;
      throw listenError(`${host}:${candidate}`, error);
    }
  }
}

/** The origins under which a browser knows a listener: its own address, and localhost where that leads to it. */
export function originsOf({ url }: Opened): readonly string[] {
  if (!/^https?:/.test(url)) return [];
  const { protocol, port } = new URL(url);
  const suffix = port === '' ? '' : `:${port}`;
  const local = ['localhost', '127.0.0.1', '[::1]'].map((host) => `${protocol}//${host}${suffix}`);
  return [...new Set([url, ...local])];
}

function urlOf(scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** A socket that the parent has bound and listens on: systemd's socket units, or whoever else passes one. */
async function openDescriptor(server: Server, fd: number, scheme: 'http' | 'https'): Promise<Opened> {
  try {
    if (!fstatSync(fd).isSocket()) throw new Error('it is not a socket');
    await listen(server, { fd });
  } catch (error) {
    throw listenError(
      `fd:${fd}`,
      error,
      'Pass a listening socket as this descriptor: with systemd a .socket unit that is active.',
    );
  }
  const bound = server.address();
  // Node does not tell the path of a Unix socket that it has not opened itself
  if (typeof bound !== 'object' || bound === null) return { url: `fd:${fd}` };
  return { url: urlOf(scheme, bound.address, bound.port) };
}

/** Only the owner may connect; a socket file that nobody listens on any more is replaced, a live one is not. */
async function openSocket(server: Server, path: string): Promise<Opened> {
  const file = await stat(path).catch(() => undefined);
  if (file !== undefined) {
    if (!file.isSocket()) throw listenError(path, new Error('there is a file at this path that is not a socket'));
    if (await answers(path)) throw listenError(path, new Error('another program listens on this socket'));
    await unlink(path);
  }
  try {
    await listen(server, { path });
    await chmod(path, 0o600);
  } catch (error) {
    throw listenError(path, error);
  }
  return { url: `unix:${path}` };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function listen(
  server: Server,
  where: { host: string; port: number } | { path: string } | { fd: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function listenError(where: string, error: unknown, action?: string): BearerdError {
  const words = error instanceof Error ? error.message : String(error);
  const occurrence = { cause: error, ...(action === undefined ? {} : { action }) };
  return new BearerdError('BEARERD_LISTEN', `cannot listen on ${where}: ${words}`, occurrence);
}
