import type { ExchangeDetail } from '../exchange-view.ts';
import type { Status } from '../status.ts';

/** Fields that curl makes itself, that bearerd added, or that describe a body that is not kept. */
const notCopied =
  /^(?:accept-encoding|authorization|connection|content-length|host|keep-alive|te|transfer-encoding|upgrade|via|sec-websocket-.*)$/i;
/** bearerd's sign that a value is not kept. */
const notKept = /‹[^›]*not kept›|‹token›|‹secret›/;

/**
 * A command that sends the request again, to bearerd's own listener: no token is in it, because bearerd adds it. Query and
 * body are not kept, so the command says where they go.
 * @param localKeyField the header field of guard.localKey; null = no key is asked for
 */
export function curlCommand(
  exchange: ExchangeDetail,
  listeners: Status['listeners'],
  localKeyField: string | null,
): string {
  const { method, path, query, route, headers } = exchange;
  const listener = listeners.find(({ routes }) => route !== null && routes.includes(route)) ?? listeners[0];
  const { origin, socket } = reachable(listener?.url ?? 'http://127.0.0.1:8080');
  const words = ['curl', '-i'];
  if (socket !== undefined) words.push('--unix-socket', quoted(socket));
  if (method === 'HEAD') words.push('-I');
  else if (method !== 'GET') words.push('-X', quoted(method));
  for (const [name, value] of headers?.request ?? []) {
    if (notCopied.test(name) || notKept.test(value)) continue;
    words.push('-H', quoted(`${name}: ${value}`));
  }
  if (localKeyField !== null) words.push('-H', quoted(`${localKeyField}: KEY`));
  const hasBody = headers?.request.some(([name]) => /^(?:content-length|transfer-encoding|content-type)$/i.test(name));
  if (hasBody ?? /^(?:POST|PUT|PATCH)$/.test(method)) words.push('--data-binary', '@BODY');
  words.push(quoted(`${origin}${path}${query ? '?QUERY' : ''}`));
  return words.join(' ');
}

/** A listener on all addresses is reached on loopback; one on a Unix socket under any name. */
function reachable(url: string): { readonly origin: string; readonly socket?: string } {
  if (url.startsWith('unix:')) return { origin: 'http://localhost', socket: url.slice('unix:'.length) };
  return { origin: url.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]') };
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
