import t from 'tap';
import { examineClocks } from '../../src/doctor/clocks.ts';
import { ordered } from '../../src/doctor/finding.ts';
import { examineProbe } from '../../src/doctor/judge-probe.ts';
import { examineKeys } from '../../src/doctor/keys.ts';
import { examineNames } from '../../src/doctor/name-resolution.ts';
import { examineTls, issuerHint } from '../../src/doctor/tls-chain.ts';
import { BearerdError } from '../../src/errors.ts';
import { TokenRequestError } from '../../src/token/provider.ts';
import { tlsText } from '../support/test-certificates.ts';
import { closedPort, startServer } from './front.ts';

const finding = (id: string, likelihood: 'certain' | 'likely' | 'possible') =>
  ({ id, side: 'yours', likelihood, sentence: '', cure: '' }) as const;

t.test('findings: the likeliest first, the earlier question first among equals, nothing twice', async (t) => {
  const given = [finding('a', 'possible'), finding('b', 'certain'), finding('c', 'likely'), finding('d', 'certain')];
  t.same(
    ordered([...given, finding('c', 'certain')]).map(({ id }) => id),
    ['b', 'd', 'c', 'a'],
  );
});

t.test(
  'names: an address needs no look-up, a name has its addresses, behind a proxy the name is the proxy’s',
  async (t) => {
    const resolve = async (host: string) => {
      if (host === 'unknown.example') throw Object.assign(new Error('no'), { code: 'ENOTFOUND' });
      return ['192.0.2.1', '2001:db8::1'];
    };
    const server = { url: 'http://proxy.example:3128', credentials: undefined };
    const proxies = { http: server, https: server, except: '' };
    const direct = (url: string) => ({ url, proxies: undefined });
    const good = await examineNames([direct('http://[::1]:1/x'), direct('https://api.example/y')], resolve);
    t.match(good, { state: 'good', lines: [/^::1: an address/, 'api.example: 192.0.2.1, 2001:db8::1'] });
    const behind = await examineNames([{ url: 'https://unknown.example/', proxies }], resolve);
    t.match(behind, { state: 'good', lines: [/^proxy\.example: /] });
    const bad = await examineNames([direct('https://unknown.example/')], resolve);
    t.match(bad, { state: 'bad', lines: ['unknown.example: cannot be resolved (ENOTFOUND)'] });
  },
);

t.test('TLS: the chain, whether it is trusted, and who issued it', async (t) => {
  const { origin } = await startServer(t, true, (_request, response) => response.end());
  const peer = { url: `${origin}/x`, proxies: undefined, timeoutMs: 5_000 };
  const untrusted = await examineTls([{ ...peer, tls: {} }]);
  t.equal(untrusted.examination.state, 'bad');
  t.match(
    untrusted.examination.lines.join('\n'),
    /TLSv1\.3, not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\n {2}localhost, issued by bearerd test authority, good until/,
  );
  t.match(issuerHint(untrusted.facts, origin), /issued by "bearerd test authority"/);
  t.equal(issuerHint(untrusted.facts, 'https://other.example'), undefined);
  const trusted = await examineTls([{ ...peer, tls: { ca: [tlsText('ca.pem')] } }]);
  t.equal(trusted.examination.state, 'good');
  t.equal(issuerHint(trusted.facts, origin), undefined);
  const renamed = await examineTls([{ ...peer, tls: { ca: [tlsText('ca.pem')], serverName: 'other.example' } }]);
  t.match(renamed.examination.lines[0], 'ERR_TLS_CERT_ALTNAME_INVALID');
  const taken = await examineTls([{ ...peer, tls: { insecureSkipVerify: true } }]);
  t.match(taken.examination, { state: 'good', lines: [/not trusted .*taken all the same: tls\.insecureSkipVerify/] });
  const nobody = await examineTls([{ ...peer, url: (await closedPort()).replace('http:', 'https:'), tls: {} }]);
  t.match(nobody.examination, { state: 'bad', lines: [/no TLS connection \(ECONNREFUSED\)/] });
  const plain = await examineTls([{ ...peer, url: 'http://api.example', tls: {} }]);
  t.equal(plain.examination.state, 'skipped');
});

t.test('TLS through an egress proxy that refuses: its words', async (t) => {
  const proxy = await startServer(t, false, (_request, response) => response.end());
  proxy.server.on('connect', (_request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  const server = { url: proxy.origin, credentials: undefined };
  const proxies = { http: server, https: server, except: '' };
  const { examination } = await examineTls([{ url: 'https://api.example', proxies, tls: {}, timeoutMs: 0 }]);
  t.match(examination, { state: 'bad', lines: [/answered 403 to the wish for a connection to api\.example:443/] });
});

t.test('clocks: who is alone is wrong', async (t) => {
  const idp = { who: 'IdP', origin: 'https://idp.example' } as const;
  const api = { who: 'API', origin: 'https://api.example' } as const;
  const cases: readonly [idpMs: number | undefined, apiMs: number | undefined, state: string, side?: string][] = [
    [undefined, undefined, 'skipped'],
    [0, 0, 'good'],
    [20_000, undefined, 'good'],
    [600_000, 600_000, 'bad', 'yours'],
    [-600_000, undefined, 'bad', 'yours'],
    [600_000, 0, 'bad', 'IdP'],
    [0, -600_000, 'bad', 'API'],
    [600_000, -600_000, 'bad', 'IdP'],
  ];
  for (const [idpMs, apiMs, state, side] of cases) {
    const { findings, ...seen } = examineClocks([
      { ...idp, skewMs: idpMs },
      { ...api, skewMs: apiMs },
    ]);
    t.equal(seen.state, state, `${idpMs} ${apiMs}`);
    t.equal(findings[0]?.side, side, `${idpMs} ${apiMs}`);
  }
});

t.test('keys: what they say', async (t) => {
  const url = 'https://idp.example/jwks';
  t.match(examineKeys({ state: 'verified', url }), { state: 'good', lines: [/verifies/] });
  t.match(examineKeys({ state: 'bad-signature', url }), { state: 'bad', lines: [/no key of/] });
  t.match(examineKeys({ state: 'unknown-kid', url, published: [], withdrawn: false }), {
    state: 'bad',
    lines: [/none/],
  });
  t.match(examineKeys({ state: 'not-applicable', why: 'HMAC' }), { state: 'skipped', lines: ['HMAC'] });
  t.match(examineKeys({ state: 'unavailable', url, why: 'down' }), { state: 'skipped', lines: [`${url}: down`] });
  t.match(examineKeys({ state: 'unavailable', url: undefined, why: 'down' }), { lines: ['down'] });
});

t.test('the probe: what its answer says where the token explains nothing', async (t) => {
  const probe = (result: number | BearerdError, explained = false, hint?: string) =>
    examineProbe({ words: 'GET x', result, answer: undefined, explained, issuerHint: hint }).findings[0];
  const cases: readonly [number, string | undefined, string?][] = [
    [200, undefined],
    [204, undefined],
    [302, 'redirect', 'yours'],
    [401, 'refused_without_reason', 'API'],
    [404, 'nothing_there', 'yours'],
    [405, undefined],
    [407, 'proxy_in_the_way', 'network'],
    [503, 'api_in_trouble', 'API'],
  ];
  for (const [status, id, side] of cases) {
    t.equal(probe(status)?.id, id, String(status));
    t.equal(probe(status)?.side, side, String(status));
    t.equal(probe(status, true)?.id, status === 401 ? undefined : id, 'only a refusal is explained by the token');
  }
  const certificate = new BearerdError('BEARERD_UPSTREAM_CERTIFICATE', 'api: no.');
  t.match(probe(certificate, false, 'Hint.'), { id: 'upstream_certificate', side: 'yours', cure: /tls\.ca.* Hint\.$/ });
  const unknown = new BearerdError('BEARERD_UPSTREAM_DNS', 'api: no.');
  t.match(probe(unknown), { id: 'upstream_dns', side: 'network' });
  t.equal(probe(unknown, true)?.id, 'upstream_dns', 'the token has nothing to do with it');
  const refused = new BearerdError('BEARERD_TOKEN_INVALID', 'No.', { upstreamStatus: 401 });
  t.match(probe(refused), { id: 'token_invalid', side: 'API', sentence: 'No.' });
  t.equal(probe(refused, true), undefined);
  const failure = new TokenRequestError('No.', { kind: 'permanent', reason: 'invalid_client' });
  t.equal(probe(failure)?.id, 'invalid_client');
});
