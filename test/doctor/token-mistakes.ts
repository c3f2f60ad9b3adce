import { randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { restrictedAssetId } from '../../src/emulator/collibra-resources.ts';
import { demoClient } from '../../src/emulator/idp.ts';
import { startFront, startServer } from './front.ts';
import type { Misconfiguration } from './misconfiguration.ts';
import { file, landscape, tokenOf } from './set-up.ts';

const tenMinutesMs = 600_000;
/** Half a minute more, so that no rounding shows. */
const aheadMs = tenMinutesMs + 30_000;

/** The token is there, and the API does not take it, or not for this. */
export const tokenMistakes: readonly Misconfiguration[] = [
  {
    name: 'wrong typ',
    finding: 'type_not_accepted',
    words: /wrong media type.*'vnd\.idp\+jwt'.*at\+jwt, jwt[\s\S]*JWT Token Types/,
    setUp: async (t) => (await landscape(t, { typ: 'vnd.idp+jwt' })).config(),
  },
  {
    name: 'issuer with a slash at its end',
    finding: 'issuer_slash',
    words: /differ only in the slash[\s\S]*JWT Issuer/,
    setUp: async (t) => {
      const { idp, config, collibra } = await landscape(t, {}, { issuer: 'http://idp.example/' });
      await idp.faults.apply({ issuer: 'http://idp.example' });
      return config({ upstream: collibra.url }, { expect: { issuer: 'http://idp.example/' } });
    },
  },
  {
    name: 'audience of another environment',
    finding: 'audience_differs',
    words: /aud is 'collibra'.*expects 'collibra-prod'[\s\S]*JWT Audience/,
    setUp: async (t) => {
      const { config } = await landscape(t, {}, { audience: 'collibra-prod' });
      return config({}, { expect: { audience: 'collibra-prod' } });
    },
  },
  {
    name: 'HS256 where only RS256 is allowed',
    finding: 'algorithm_not_accepted',
    words: /'HS256'.*RS256[\s\S]*JWT Algorithms/,
    setUp: async (t) => {
      const { idp, config } = await landscape(t, {}, { algorithms: ['RS256'] });
      const iat = Math.floor(Date.now() / 1000);
      const claims = { iss: idp.issuer, aud: 'collibra', sub: demoClient.id, iat, exp: iat + 300 };
      const header = { alg: 'HS256', typ: 'JWT', kid: 'shared' };
      const token = await new SignJWT(claims).setProtectedHeader(header).sign(randomBytes(32));
      const { origin: endpoint } = await startServer(t, false, (_request, response) => {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 300 }));
      });
      return config({}, { tokenEndpoint: `${endpoint}/token`, expect: { algorithms: ['RS256'] } });
    },
  },
  {
    name: 'unknown kid',
    finding: 'kid_not_published',
    words: /kid '.*' is not in the key set[\s\S]*JSON Web Key Set URL/,
    setUp: async (t) => {
      const other = await landscape(t);
      const { config } = await landscape(t, { issuer: 'http://idp.example' }, { jwksUrl: other.idp.jwksUrl });
      return config({}, { expect: { jwks: other.idp.jwksUrl } });
    },
  },
  {
    name: 'rotated keys',
    finding: 'kid_not_published',
    words: /keys have been rotated/,
    setUp: async (t) => {
      const { idp, config } = await landscape(t, { lifetimeSeconds: 3600 });
      const path = file(t, await tokenOf(idp));
      await idp.faults.apply({ rotateKeys: true });
      return { ...config(), credential: { provider: 'file', path, expect: { jwks: idp.jwksUrl } } };
    },
  },
  {
    name: 'revoked token',
    finding: 'revoked',
    words: /revoked[\s\S]*Get a new token/,
    setUp: async (t) => {
      const { idp, collibra, config } = await landscape(t, { lifetimeSeconds: 3600 });
      const token = await tokenOf(idp);
      const headers = { Authorization: `Bearer ${token}` };
      await fetch(`${collibra.url}/rest/2.0/communities`, { headers });
      await collibra.faults.apply({ revoke: true });
      return { ...config(), credential: { provider: 'file', path: file(t, token) } };
    },
  },
  {
    name: "the API's clock 10 minutes ahead",
    finding: 'expired_on_api_clock',
    words: /expired .* by the clock of Collibra, which is 10 min ahead[\s\S]*JWT Maximum Clock Skew/,
    setUp: async (t) => {
      const { collibra, config } = await landscape(t, {}, { nowMs: () => Date.now() + aheadMs });
      return config({ upstream: await startFront(t, collibra.url, { aheadMs }) });
    },
  },
  {
    name: "this machine's clock 10 minutes behind",
    finding: 'clock',
    words: /This machine's clock is (599|60[01]) s behind[\s\S]*Set this machine's clock/,
    setUp: async (t) => {
      const nowMs = () => Date.now() + tenMinutesMs;
      const { idp, collibra, config } = await landscape(t, { nowMs }, { nowMs });
      const ahead = { aheadMs: tenMinutesMs };
      const tokenEndpoint = `${await startFront(t, idp.url, ahead)}/oauth2/token`;
      return config({ upstream: await startFront(t, collibra.url, ahead) }, { tokenEndpoint });
    },
    unsaid: 'bearerd corrects for the difference, and the request succeeds',
  },
  {
    name: 'opaque token',
    finding: 'opaque_token',
    words: /opaque \(1 section\)[\s\S]*issue JWT access tokens/,
    setUp: async (t) => {
      const { idp, config } = await landscape(t);
      await idp.faults.apply({ opaque: true });
      return config();
    },
  },
  {
    name: 'missing scope',
    finding: 'scope_missing',
    words: /needs the scope 'catalog:read'.*has no scope[\s\S]*Add 'catalog:read'/,
    setUp: async (t) => {
      const { config } = await landscape(t);
      const { origin: upstream } = await startServer(t, false, (_request, response) => {
        const challenge = 'Bearer error="insufficient_scope", scope="catalog:read"';
        response.writeHead(403, { 'WWW-Authenticate': challenge }).end();
      });
      return config({ upstream, preset: 'none', probe: 'GET /items' });
    },
    unsaid: "the API's own 403 goes through untouched",
  },
  {
    name: 'permission missing',
    finding: 'permission_missing',
    words: /401 without a token code.*permission is missing[\s\S]*a Collibra user/,
    setUp: async (t) => (await landscape(t)).config({ probe: `GET /rest/2.0/assets/${restrictedAssetId}` }),
    unsaid: "the API's own 401 goes through untouched",
  },
  {
    name: 'no such user',
    finding: 'principal_unknown',
    words: /sub is 'ghost'[\s\S]*JWT Principal ID Claim Name/,
    setUp: async (t) => (await landscape(t, { clients: [{ ...demoClient, subject: 'ghost' }] })).config(),
  },
  {
    name: 'the key set cannot be reached',
    finding: 'keys_unreachable',
    words: /keys cannot be had from here either[\s\S]*JSON Web Key Set URL/,
    setUp: async (t) => {
      const { idp, config } = await landscape(t);
      await idp.faults.apply({ jwksDown: true });
      return config({}, { expect: { jwks: idp.jwksUrl } });
    },
  },
];
