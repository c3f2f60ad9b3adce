import type { ListenAddress } from './config.ts';
import type { Complaint } from './shape.ts';

/** This machine only: 127.0.0.0/8, ::1, localhost and the names below it (RFC 6761 §6.3). Brackets do not matter. */
export function isLoopbackHost(host: string): boolean {
  const plain = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  return plain === 'localhost' || plain.endsWith('.localhost') || plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain);
}

/** Only this machine can reach it. What a descriptor is bound to is known when it is opened, and judged there. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind !== 'tcp' || isLoopbackHost(address.host);
}

/** `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/x.sock`, `fd:3`. */
export function describeAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  if (address.kind === 'fd') return `fd:${address.fd}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/** `host:port`, `port` (on 127.0.0.1), `unix:/path` or `fd:3`; `where` makes a path absolute. */
export function parseListenAddress(
  text: string,
  where: (path: string) => string,
): { readonly value: ListenAddress } | Complaint {
  const cure = 'write host:port, a port, unix:/path.sock or fd:3';
  if (text.startsWith('fd:')) {
    // 0 to 2 are the standard streams; systemd passes sockets from 3 on (sd_listen_fds(3))
    if (/^fd:(?:[3-9]|[1-9]\d{1,5})$/.test(text)) return { value: { kind: 'fd', fd: Number(text.slice(3)) } };
    return { problem: `'${text}' is not a descriptor to listen on`, cure: 'write fd:3, or a higher number' };
  }
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    return path === '' ? { problem: 'names no socket', cure } : { value: { kind: 'unix', path: where(path) } };
  }
  if (/^:\d+$/.test(text)) {
    const problem = 'does not say on which address';
    return { problem, cure: `write 127.0.0.1${text}, or 0.0.0.0${text} for all of them` };
  }
  const match = /^(?:(?:\[([\da-fA-F:.]+)\]|([^\s:/[\]]+)):)?(\d{1,6})$/.exec(text);
  if (match === null) return { problem: `'${text}' is not an address to listen on`, cure };
  const port = Number(match[3]);
  if (port > 65_535)
    return { problem: `the port ${port} does not exist`, cure: 'write a port from 0 (any free one) to 65535' };
  return { value: { kind: 'tcp', host: match[1] ?? match[2] ?? '127.0.0.1', port } };
}
