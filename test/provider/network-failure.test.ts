import t from 'tap';
import { BearerdError, type ErrorCode } from '../../src/errors.ts';
import { networkFailure } from '../../src/provider/network-failure.ts';

const asked = { method: 'POST', url: 'https://idp.test/token', option: 'tokenEndpoint' } as const;

const codes: readonly (readonly [string, string, RegExp, RegExp])[] = [
  ['ENOTFOUND', 'unreachable', /host name cannot be resolved/, /host and port/],
  ['EAI_AGAIN', 'unreachable', /host name cannot be resolved/, /^$/],
  ['ECONNREFUSED', 'unreachable', /refused the connection/, /host and port/],
  ['ECONNRESET', 'unreachable', /closed the connection/, /^$/],
  ['EHOSTUNREACH', 'unreachable', /no network path/, /^$/],
  ['CERT_HAS_EXPIRED', 'unreachable', /not trusted \(CERT_HAS_EXPIRED\)/, /tls\.ca/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'unreachable', /not trusted/, /tls\.ca/],
  ['EPROTO', 'unreachable', /TLS handshake \(EPROTO\)/, /speaks TLS/],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'unreachable', /TLS handshake/, /speaks TLS/],
  ['ETIMEDOUT', 'timeout', /not answered within 10 s/, /credential's timeout/],
  ['HPE_INVALID_CONSTANT', 'unreachable', /not HTTP/, /speaks TLS/],
  ['HPE_HEADER_OVERFLOW', 'unreachable', /header section that is too large/, /speaks TLS/],
  ['EWHATEVER', 'unreachable', /failed \(EWHATEVER\)/, /^$/],
];
for (const [code, reason, message, action] of codes) {
  t.test(`wire facts 4.3: ${code} is transient and has its words`, async (t) => {
    const cause = Object.assign(new Error('x'), { code });
    const error = networkFailure(asked, 10_000, cause);
    t.equal(error.failure.kind, 'transient');
    t.equal(error.failure.reason, reason);
    t.match(error.message, message);
    t.ok(error.message.startsWith('POST https://idp.test/token '));
    t.match(error.occurrence.action ?? '', action);
    t.equal(error.cause, cause);
  });
}

t.test('an error without a code', async (t) => {
  for (const cause of [new Error('x'), 'x', Object.assign(new Error('x'), { code: 7 })]) {
    t.equal(networkFailure(asked, 1, cause).message, 'POST https://idp.test/token failed.');
  }
});

const foreseen: readonly (readonly [ErrorCode, 'transient' | 'permanent'])[] = [
  ['BEARERD_EGRESS_PROXY_REFUSED', 'permanent'],
  ['BEARERD_EGRESS_PROXY_UNREACHABLE', 'transient'],
  ['BEARERD_EGRESS_PROXY_TIMEOUT', 'transient'],
];
for (const [code, kind] of foreseen) {
  t.test(`what our own connections say is told in their words: ${code}`, async (t) => {
    const error = networkFailure(asked, 10_000, new BearerdError(code, 'The egress proxy http://p:1 did something.'));
    t.equal(error.message, 'POST https://idp.test/token could not be sent. The egress proxy http://p:1 did something.');
    t.match(error.failure, { kind, reason: code.slice('BEARERD_'.length).toLowerCase() });
    t.match(error.occurrence.action, /egressProxy/);
  });
}
