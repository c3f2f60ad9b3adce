import { certificate, certificateWithKey, pemOrPath, whoeverAnswers } from '../config/option/certificate.ts';
import { oneOf } from '../config/option/choice.ts';
import { egressProxy } from '../config/option/egress-proxy.ts';
import { object } from '../config/option/group.ts';
import { list } from '../config/option/list.ts';
import { duration } from '../config/option/quantity.ts';
import { record } from '../config/option/record.ts';
import { secret } from '../config/option/secret.ts';
import { boolean } from '../config/option/switch.ts';
import { string } from '../config/option/text.ts';
import type { Enquiry, Lint } from '../config/provider-definition.ts';
import type { Complaint, Infer } from '../config/shape.ts';
import { isLoopback } from '../net/loopback.ts';

/** Header fields that bearerd or HTTP itself sets in a token request. */
const ownHeaders = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The options of every provider that posts to a token endpoint. */
export const endpointFields = {
  headers: record(
    string({
      doc: 'Value of the header field.',
      required: true,
      check: (value) =>
        /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
          ? undefined
          : { problem: 'has characters that cannot be in a header', cure: 'use printable ASCII on one line' },
    }),
    { doc: 'Further header fields of the token request.', example: '{ X-Tenant: acme }', checkName: headerName },
  ),
  timeout: duration({
    doc: 'For a whole token request, from the connection to the last byte.',
    default: '10s',
    minimum: '1ms',
    maximum: '10m',
  }),
  tls: object(
    {
      ca: list(pemOrPath({ doc: 'A CA certificate: PEM text, or the path of a file.', required: true }), {
        doc: 'CA certificates to trust besides the well-known ones.',
        example: '[./ca.pem]',
      }),
      cert: certificate({
        doc: 'A client certificate with its chain: PEM text, or the path of a file, which is read again for every token request.',
        example: './client.pem',
      }),
      key: secret({
        doc: 'The private key of the client certificate in PEM; read again for every token request.',
        example: '{ file: ./client.key }',
      }),
      serverName: string({
        doc: "The name that the token endpoint's certificate must have, where that is not the host of its URL.",
        example: 'idp.example.com',
      }),
      minVersion: oneOf(['TLSv1.2', 'TLSv1.3'], { doc: 'The oldest version of TLS that is spoken.' }),
      insecureSkipVerify: boolean({ doc: `Take any certificate. ${whoeverAnswers}`, default: false }),
    },
    {
      doc: 'TLS towards the token endpoint; its certificate is verified unless insecureSkipVerify says otherwise.',
      check: certificateWithKey,
    },
  ),
  egressProxy: egressProxy('the identity provider'),
  insecureHttp: boolean({ doc: 'Allows a plain http token endpoint beyond loopback.', default: false }),
  defaultLifetime: duration({
    doc: 'Life of a token whose answer says nothing usable about it.',
    default: '5m',
    minimum: '1s',
  }),
  maxLifetime: duration({
    doc: 'No token is used longer, whatever the answer says.',
    default: '24h',
    minimum: '1s',
    maximum: '576h',
  }),
};

/** The values of these options. */
export type EndpointOptions = { readonly [K in keyof typeof endpointFields]: Infer<(typeof endpointFields)[K]> };

/** What can be asked about a credential with these options; nothing is tried out. */
export function enquiryOf(
  options: EndpointOptions & { readonly tokenEndpoint?: string | undefined; readonly issuer?: string | undefined },
): Enquiry {
  const { tokenEndpoint, issuer, timeout, tls, egressProxy } = options;
  return { tokenEndpoint, issuer, timeout, tls, egressProxy, alternatives: [] };
}

function headerName(name: string): Complaint | undefined {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    return { problem: 'is not a header name', cure: 'use letters, digits and hyphens' };
  }
  if (!ownHeaders.has(name.toLowerCase())) return undefined;
  return { problem: 'is a header field that bearerd sets itself', cure: 'remove it' };
}

/** Refuses a token endpoint that would get the secret over plain http, unless it is this machine or was asked for. */
export function lintPlainHttp(
  url: string,
  insecureHttp: boolean,
  path: 'tokenEndpoint' | 'issuer' = 'tokenEndpoint',
): readonly Lint[] {
  if (!URL.canParse(url)) return [];
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'http:' || insecureHttp || isLoopback(hostname)) return [];
  return [
    {
      path,
      problem: `is plain http to ${hostname}, so the secret could be read on the way`,
      cure: 'write https://, or set insecureHttp: true for this credential',
      severity: 'error',
    },
  ];
}

/** Warns of a default life that the maximum cuts. */
export function lintLifetimes(defaultLifetimeMs: number, maxLifetimeMs: number): readonly Lint[] {
  if (defaultLifetimeMs <= maxLifetimeMs) return [];
  return [
    {
      path: 'defaultLifetime',
      problem: 'is longer than maxLifetime, which cuts it',
      cure: 'make it shorter, or raise maxLifetime',
      severity: 'warning',
    },
  ];
}
