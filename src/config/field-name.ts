import type { Complaint } from './shape.ts';

/** Token characters of RFC 9110 §5.6.2. */
const fieldName = /^[!#$%&'*+.^_`|~\dA-Za-z-]+$/;
/** Written by bearerd or by the connection itself; a route may neither set nor remove them (RFC 9110 §7.6.1). */
const ownFields = [
  'authorization',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
];

/** What is wrong with the name of a header field that the user may choose. */
export function checkFieldName(name: string): Complaint | undefined {
  if (!fieldName.test(name)) {
    return {
      problem: `'${name}' is not a header name`,
      cure: 'write letters, digits and hyphens, for example X-Client',
    };
  }
  if (!ownFields.includes(name.toLowerCase())) return undefined;
  return { problem: `${name} is set by bearerd itself`, cure: 'remove it' };
}
