import type { OwnRule } from '../challenge/policy.ts';
import type { Quota } from '../token/quota.ts';
import { auditOptions } from './audit-options.ts';
import type { ListenAddress } from './config.ts';
import { expectOptions } from './expect-options.ts';
import { checkFieldName } from './field-name.ts';
import { guardOptions } from './guard-options.ts';
import { parseListenAddress } from './listen-address.ts';
import { listenAddress } from './listen-option.ts';
import { certificate, certificateWithKey, pemOrPath, whoeverAnswers } from './option/certificate.ts';
import { oneOf } from './option/choice.ts';
import { egressProxy } from './option/egress-proxy.ts';
import { object } from './option/group.ts';
import { list } from './option/list.ts';
import { integer } from './option/number.ts';
import { parsed } from './option/parsed.ts';
import { duration, size } from './option/quantity.ts';
import { record } from './option/record.ts';
import { secret } from './option/secret.ts';
import { boolean } from './option/switch.ts';
import { string } from './option/text.ts';
import { tokenCache } from './option/token-cache.ts';
import { url } from './option/url.ts';
import { policyOptions } from './policy-options.ts';
import { parseDuration } from './quantity.ts';
import type { Complaint, Shape } from './shape.ts';

function checkFieldValue(value: string): Complaint | undefined {
  if (!/[\x00-\x08\x0a-\x1f\x7f]/.test(value)) return undefined;
  return { problem: 'contains a line break or control character', cure: 'write it on one line' };
}

/** Where the admin listener is when nothing is written. */
export const defaultAdmin = '127.0.0.1:8081';

/** Keys of the top level besides routes and credentials. */
export const settings = object(
  {
    listen: list(listenAddress, {
      doc: 'Where the proxy listens: `host:port`, a port on 127.0.0.1 (0 = any free one, printed at start), `unix:/path.sock` (mode 0600), `fd:3` (a socket that systemd or another parent has opened), `{ address: …, tls: { cert, key, clientCa } }` for HTTPS (docs/listening.md), or a list of these.',
      lone: true,
      default: ['127.0.0.1:8080'],
      example: '127.0.0.1:8080',
      check: (value) =>
        value.length > 0
          ? undefined
          : { problem: 'is empty', cure: 'write at least one address, for example 127.0.0.1:8080' },
    }),
    admin: parsed<ListenAddress | 'off', { default: string }>({
      doc: 'Where health, metrics and the status page are served; `off` switches it off. If the default is taken, the next free port is used and printed.',
      type: 'address or off',
      default: defaultAdmin,
      example: '127.0.0.1:8081',
      read: (text, where) => (text === 'off' ? { value: 'off' } : parseListenAddress(text, where)),
    }),
    log: object(
      {
        level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'silent'], {
          doc: 'The least important messages that are logged.',
          default: 'info',
        }),
        format: oneOf(['auto', 'json', 'pretty'], {
          doc: 'auto = pretty on a terminal, JSON otherwise.',
          default: 'auto',
        }),
        access: boolean({ doc: 'One line per request.', default: true }),
      },
      { doc: 'What is logged and how.' },
    ),
    drainTimeout: duration({ doc: 'How long a stop waits for what is in flight.', default: '10s' }),
    limits: object(
      {
        headersTimeout: duration({
          doc: 'How long the head of a request may take.',
          default: '10s',
          minimum: '1ms',
        }),
        headersSize: size({
          doc: 'Longest header section of a request; a longer one is answered 431.',
          default: '16KiB',
          minimum: '1KiB',
          maximum: '1MiB',
        }),
        headersCount: integer({
          doc: 'Most header fields of a request; more are answered 431.',
          default: 200,
          minimum: 1,
        }),
        connections: integer({
          doc: 'Client connections at a time, per listener; requests on more are answered 503.',
          default: 10_000,
          minimum: 1,
        }),
        upstreamConnections: integer({ doc: 'Connections to one upstream at a time.', default: 256, minimum: 1 }),
        queue: integer({
          doc: 'Requests that may wait for a connection to one upstream; more are answered 503.',
          default: 1000,
          minimum: 0,
        }),
      },
      { doc: 'Limits for callers and upstreams.' },
    ),
    guard: guardOptions,
    audit: auditOptions,
    tokens: object(
      {
        eager: boolean({ doc: 'Get the first tokens at start, not with the first request.', default: true }),
        cache: tokenCache,
      },
      { doc: 'How tokens are kept.' },
    ),
  },
  { doc: 'The configuration of bearerd.' },
);

/** What a 401 code of the user's own means. */
const ownRule: Shape<OwnRule> = object(
  {
    status: integerOf401(),
    code: string({
      doc: "The code in the 401's body or Bearer challenge; case does not matter.",
      required: true,
      example: 'tokenRevoked',
    }),
    do: oneOf(['retry', 'fail', 'pass'], {
      doc: "retry = get a new token and repeat, fail = explain, pass = the upstream's own answer.",
      required: true,
      example: 'retry',
    }),
  },
  { doc: 'One own rule.' },
);

function integerOf401(): Shape<401> {
  const shape = integer({
    doc: 'Always 401.',
    default: 401,
    check: (status) =>
      status === 401 ? undefined : { problem: `is ${status}, but only a 401 can have rules`, cure: 'write 401' },
  });
  // The check lets no other value through.
  return shape as Shape<401>;
}

/** Keys of one route. */
export const route = object(
  {
    name: string({
      doc: "Its name in logs and metrics; by default the preset's.",
      example: 'collibra',
      pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$',
      check: (name) =>
        /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)
          ? undefined
          : { problem: `'${name}' is not a name`, cure: 'write letters, digits, hyphens, dots and underscores' },
    }),
    path: parsed({
      doc: "The prefix of the paths it serves, on segment boundaries; the longest prefix wins and is replaced by the upstream's path.",
      type: 'path',
      default: '/',
      example: '/collab',
      read: readPath,
    }),
    listen: list(listenAddress, {
      doc: 'Addresses of this route alone: it is served there and only there. Written like `listen` of the proxy.',
      lone: true,
      example: '127.0.0.1:9001',
      check: (value) =>
        value.length > 0 ? undefined : { problem: 'is empty', cure: 'write at least one address, or remove the key' },
    }),
    upstream: url({
      doc: 'Base URL of the API; a path is kept.',
      required: true,
      example: 'https://acme.collibra.com',
    }),
    preset: oneOf(['collibra', 'collaborate', 'none'], {
      doc: 'What the API is: sets the meaning of its 401 codes, time-outs, cookies and probe.',
      default: 'none',
    }),
    credential: string({
      doc: 'Name of the credential; may be left out where there is only one.',
      example: 'collibra-idp',
    }),
    authorization: oneOf(['replace', 'keep', 'reject'], {
      doc: "A caller's own Authorization: replace it, keep it (goes through as it is, ours only where there is none), or reject the request.",
      default: 'replace',
    }),
    ...policyOptions,
    on401: oneOf(['explain', 'passthrough'], {
      doc: "explain = token faults are answered by bearerd; passthrough = after refresh and repeat the upstream's own 401.",
      default: 'explain',
    }),
    challenge: list(ownRule, {
      doc: "Own rules about 401 codes, before the preset's.",
      default: [],
      example: '[{ status: 401, code: tokenRevoked, do: retry }]',
    }),
    replay: object(
      {
        maxBody: size({
          doc: 'Request bodies up to this size can be repeated after a refresh.',
          default: '1MiB',
          maximum: '1GiB',
        }),
      },
      { doc: 'Repeating requests.' },
    ),
    timeouts: object(
      {
        connect: duration({ doc: 'To establish TCP and TLS.', default: '10s', minimum: '1ms' }),
        headers: duration({
          doc: "To the head of the answer, once the request is sent; 0 = no limit. The collibra preset's is 0.",
          default: '5m',
        }),
        idle: duration({
          doc: "Between two pieces of the answer; 0 = no limit. The collibra preset's is 0.",
          default: '5m',
        }),
      },
      { doc: 'Patience with the upstream.' },
    ),
    tls: object(
      {
        ca: list(pemOrPath({ doc: 'A certificate authority.' }), {
          doc: 'Certificate authorities to trust besides the well-known ones: paths, or PEM text.',
          example: './ca.pem',
        }),
        cert: certificate({
          doc: 'A client certificate with its chain, for tokens that are bound to it (RFC 8705 §3): PEM text, or the path of a file, which is read again for each new connection.',
          example: './client.pem',
        }),
        key: secret({
          doc: 'The private key of the client certificate in PEM; read again for each new connection.',
          example: '{ file: ./client.key }',
        }),
        serverName: string({
          doc: "The name that the upstream's certificate must have, where that is not the host of its URL.",
          example: 'api.example.com',
        }),
        minVersion: oneOf(['TLSv1.2', 'TLSv1.3'], { doc: 'The oldest version of TLS that is spoken.' }),
        insecureSkipVerify: boolean({ doc: `Take any certificate. ${whoeverAnswers}`, default: false }),
      },
      {
        doc: 'TLS towards the upstream; its certificate is verified unless insecureSkipVerify says otherwise.',
        check: certificateWithKey,
      },
    ),
    egressProxy: egressProxy('the upstream'),
    insecureHttp: boolean({
      doc: 'Allow plain http to an upstream beyond loopback: token and data can be read on the way.',
      default: false,
    }),
    probe: parsed<string, { readonly default?: never }>({
      doc: "A request that shows whether the token is accepted. The collibra preset's is `GET /rest/2.0/auth/sessions/current`.",
      type: 'request',
      example: 'GET /rest/2.0/auth/sessions/current',
      read: (text) =>
        /^(GET|HEAD|OPTIONS) \/\S*$/.test(text)
          ? { value: text }
          : {
              problem: `'${text}' is not a request`,
              cure: 'write GET, HEAD or OPTIONS and a path, for example GET /api/me',
            },
    }),
    headers: object(
      {
        set: record(string({ doc: 'A value.', check: checkFieldValue }), {
          doc: 'Request headers to set.',
          example: '{ X-Client: bearerd }',
          checkName: checkFieldName,
        }),
        remove: list(string({ doc: 'A name.', check: checkFieldName }), {
          doc: 'Request headers to remove.',
          default: [],
          example: '[X-Debug]',
        }),
      },
      { doc: 'Changes to the request headers.' },
    ),
    websocket: boolean({ doc: 'Pass WebSocket upgrades on; without it Upgrade is ignored.', default: true }),
    http2: boolean({
      doc: 'Offer HTTP/2 to an https upstream; HTTP/1.1 where it does not take it, and for WebSockets (docs/forwarding.md).',
      default: false,
    }),
    cookies: oneOf(['rewrite', 'keep', 'drop'], {
      doc: "rewrite = Domain removed, Path mapped, Secure dropped on a plain listener; drop = both ways, the collibra preset's.",
      default: 'rewrite',
    }),
  },
  { doc: 'One route.' },
);

function readPath(text: string): { readonly value: string } | Complaint {
  if (!text.startsWith('/')) return { problem: 'does not start with /', cure: `write /${text}` };
  if (/[?#\s\\]/.test(text)) return { problem: 'is more than a path', cure: 'remove what is not the path' };
  if (/\/\//.test(text)) return { problem: 'has an empty segment', cure: `write ${text.replaceAll(/\/+/g, '/')}` };
  if (/(^|\/)(\.|%2e){1,2}(\/|$)/i.test(text)) {
    return { problem: 'has a . or .. segment', cure: 'write the path without it' };
  }
  return { value: text === '/' ? text : text.replace(/\/$/, '') };
}

/** Defaults of a preset for keys that are not written, as one would write them. */
export const presetDefaults: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Exports run for hours and a session cookie must not travel (wire facts 2.6); the probe is the cheapest 200/401 (2.5).
  collibra: {
    'timeouts.headers': '0s',
    'timeouts.idle': '0s',
    cookies: 'drop',
    probe: 'GET /rest/2.0/auth/sessions/current',
  },
};

/** Keys of every credential, whatever its provider. */
export const credential = object(
  {
    maxTokenRequests: parsed<Quota, { readonly default?: never }>({
      doc: 'At most so many token requests in a span of time, for identity providers that bill by token; beyond it the old token serves as long as it lives.',
      type: 'number/duration',
      example: '60/1h',
      pattern: '^\\d+/\\d*(ms|s|m|h)$|\\$\\{',
      read: readQuota,
    }),
    expect: expectOptions,
  },
  { doc: 'A credential.' },
);

function readQuota(text: string): { readonly value: Quota } | Complaint {
  const [, number = '', span = ''] = /^(\d{1,6})\/(\S+)$/.exec(text) ?? [];
  const requests = Number(number);
  const perMs = parseDuration(/^[a-z]/.test(span) ? `1${span}` : span);
  if (requests >= 1 && perMs !== undefined && perMs > 0) return { value: { requests, perMs } };
  return {
    problem: `'${text}' is not a number of requests in a span of time`,
    cure: 'write for example 60/1h or 3/1m',
  };
}
