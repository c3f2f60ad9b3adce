import { redact } from '../config/redaction.ts';
import type { Attributes } from './open-telemetry.ts';

/** A request as a span shows it: no query and no header field, like the access log. */
export interface HttpCall {
  /** One of those that Node's parser knows, so that clients cannot make up names of spans. */
  readonly method: string;
  /** Scheme and authority; of the one that is called, or that was called here. */
  readonly origin: string;
  /** May have a query, which is left out. */
  readonly target: string;
}

/** Attributes of a request that is sent (HTTP semantic conventions, client span). @param resends how often it was sent before */
export function clientAttributes(call: HttpCall, resends: number): Attributes {
  return {
    'http.request.method': call.method,
    ...addressAttributes(call.origin),
    'url.full': redact(`${call.origin}${withoutQuery(call.target)}`),
    ...(resends > 0 ? { 'http.request.resend_count': resends } : {}),
  };
}

/** Attributes of a request that has come (server span). */
export function serverAttributes(call: HttpCall): Attributes {
  return {
    'http.request.method': call.method,
    ...addressAttributes(call.origin),
    'url.path': redact(withoutQuery(call.target)),
    'url.scheme': call.origin.startsWith('https:') ? 'https' : 'http',
  };
}

/** Of `unix:/path` the path. */
function addressAttributes(origin: string): Attributes {
  if (origin.startsWith('unix:')) return { 'server.address': origin.slice('unix:'.length) };
  const { protocol, hostname, port } = new URL(origin);
  const implied = protocol === 'https:' ? 443 : 80;
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? implied : Number(port),
  };
}

function withoutQuery(target: string): string {
  return target.split('?', 1)[0] ?? '';
}
