import { checkFieldName } from './field-name.ts';
import { object } from './option/group.ts';
import { list } from './option/list.ts';
import { secret } from './option/secret.ts';
import { string } from './option/text.ts';
import type { Complaint } from './shape.ts';

/** Who may call. */
export const guardOptions = object(
  {
    allowedHosts: list(
      string({ doc: 'A host name without port.', check: checkAllowedHost, example: 'proxy.internal' }),
      {
        doc: 'Names by which callers may call bearerd, any port. Has to be written out when listening beyond loopback.',
        default: ['localhost', '127.0.0.1', '[::1]'],
        example: '[localhost, proxy.internal]',
      },
    ),
    allowedOrigins: list(
      string({ doc: 'scheme://host[:port].', check: checkOrigin, example: 'https://app.example.com' }),
      {
        doc: 'Browser origins that may call; every other foreign origin is refused.',
        default: [],
        example: '[https://app.example.com]',
      },
    ),
    localKey: secret({
      doc: 'A key that callers have to send in localKeyHeader; it is never forwarded. Read at the start and again when the file changes.',
      example: '{ file: ./local-key }',
    }),
    localKeyHeader: string({
      doc: 'The header field that carries the local key.',
      default: 'Bearerd-Key',
      check: checkFieldName,
    }),
  },
  { doc: 'Who may call.' },
);

function checkAllowedHost(host: string): Complaint | undefined {
  const bare = host.replace(/^\[[\da-fA-F:.]+\]/, 'v6');
  if (/^[\w.-]+:\d+$/.test(bare)) {
    return { problem: 'has a port, but any port is allowed', cure: `write ${host.replace(/:\d+$/, '')}` };
  }
  if (/^[\da-fA-F:]*:[\da-fA-F:]*$/.test(bare)) {
    return { problem: 'is an IPv6 address without brackets', cure: `write "[${host}]" in quotes` };
  }
  if (/^[\w.-]+$/.test(bare)) return undefined;
  return {
    problem: 'is not a host name',
    cure: 'write names without scheme, port or wildcard, for example proxy.internal',
  };
}

function checkOrigin(origin: string): Complaint | undefined {
  const exact = URL.canParse(origin) ? new URL(origin).origin : 'null';
  if (exact === 'null') {
    return { problem: 'is not an origin', cure: 'write scheme://host[:port], for example https://app.example.com' };
  }
  if (exact === origin) return undefined;
  return { problem: 'is more than an origin', cure: `write ${exact}` };
}
