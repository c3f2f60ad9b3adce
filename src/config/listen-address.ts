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

/** Only this machine can reach it. */
export function isLocal(address: ListenAddress): boolean {
  return address.kind === 'unix' || isLoopbackHost(address.host);
}

/** `host:port`, `port` (on 127.0.0.1) or `unix:/path`; `where` makes a path absolute. */
export function parseListenAddress(
  text: string,
  where: (path: string) => string,
): { readonly value: ListenAddress } | Complaint {
  const cure = 'write host:port, a port, or unix:/path.sock';
  if (text.startsWith('fd:')) return { problem: 'fd: is not available in this version yet', cure };
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
