import { text } from 'node:stream/consumers';
import { type CollaborateOptions, demoCollaborateClient, startCollaborate } from '../../src/emulator/collaborate.ts';
import { demoClient } from '../../src/emulator/idp.ts';
import { startCertifiedIdp } from '../support/certified-idp.ts';
import { startServer, type Teardown } from './front.ts';
import type { Misconfiguration } from './misconfiguration.ts';
import { file, landscape, withoutToken } from './set-up.ts';

const colons = { id: 'urn:sys:env:7:i:app', secret: 'a-long-secret' };
const oddSecret = 'pass&word=50%+1';

/** The token endpoint refuses who asks, or what is asked for. */
export const clientMistakes: readonly Misconfiguration[] = [
  {
    name: 'wrong secret',
    finding: 'invalid_client',
    words: /401 invalid_client: "The client is unknown or its secret is wrong\."[\s\S]*Check clientId and clientSecret/,
    setUp: async (t) => (await landscape(t)).config({}, { clientSecret: 'not-the-secret' }),
  },
  {
    name: 'secret with a newline',
    finding: 'secret_has_whitespace',
    words: /clientSecret ends with a line break[\s\S]*printf/,
    setUp: async (t) =>
      (await landscape(t)).config({}, { clientSecret: { file: file(t, `${demoClient.secret}\n\n`) } }),
  },
  {
    name: 'client id with a colon under raw Basic',
    finding: 'client_id_has_colon',
    words: /clientId contains a colon[\s\S]*Write basicEncoding: form/,
    setUp: async (t) => {
      const { config } = await landscape(t, { clients: [colons] });
      return config({}, { clientId: colons.id, clientSecret: colons.secret, basicEncoding: 'raw' });
    },
  },
  {
    name: 'identity provider that takes Basic raw',
    finding: 'basic_encoding',
    words: /invalid_client[\s\S]*Write basicEncoding: raw: tried/,
    setUp: async (t) => {
      const expected = `Basic ${Buffer.from(`my-app:${oddSecret}`).toString('base64')}`;
      const { origin: idp } = await startServer(t, false, (request, response) => {
        const known = request.headers.authorization === expected;
        response.writeHead(known ? 200 : 401, { 'Content-Type': 'application/json' });
        response.end(known ? '{"access_token":"t1","expires_in":300}' : '{"error":"invalid_client"}');
      });
      return withoutToken({ tokenEndpoint: `${idp}/token`, clientSecret: oddSecret });
    },
  },
  {
    name: 'identity provider that wants the secret in the form',
    finding: 'client_authentication',
    words: /invalid_client[\s\S]*Write clientAuthentication: client_secret_post: tried/,
    setUp: async (t) => {
      const { origin: idp } = await startServer(t, false, async (request, response) => {
        const form = new URLSearchParams(await text(request));
        const known = form.get('client_secret') === demoClient.secret;
        response.writeHead(known ? 200 : 401, { 'Content-Type': 'application/json' });
        response.end(known ? '{"access_token":"t1","expires_in":300}' : '{"error":"invalid_client"}');
      });
      return withoutToken({ tokenEndpoint: `${idp}/token` });
    },
  },
  {
    name: 'wrong secret at a certified identity provider',
    finding: 'invalid_client',
    words: /401 invalid_client: "client authentication failed"[\s\S]*Check clientId and clientSecret/,
    setUp: async (t) => certified(t, ['client_credentials'], 'not-the-secret'),
  },
  {
    name: 'grant that the client may not use',
    finding: 'invalid_request',
    words:
      /requested grant type is not allowed[\s\S]*Allow the client_credentials grant for this client at the identity provider/,
    setUp: async (t) => certified(t, ['refresh_token'], certifiedClient.clientSecret),
  },
  {
    name: 'scope that the client may not ask for',
    finding: 'invalid_scope',
    words: /invalid_scope[\s\S]*Correct or remove the credential's scope/,
    setUp: async (t) => {
      const { config } = await landscape(t, { clients: [{ ...demoClient, scopes: [] }] });
      return config({}, { scope: 'kg.view-all' });
    },
  },
  {
    name: 'audience that the identity provider does not know',
    finding: 'invalid_target',
    words: /invalid_target[\s\S]*Correct the credential's resource or audience/,
    setUp: async (t) => (await landscape(t)).config({}, { audience: 'another' }),
  },
  {
    name: 'Collaborate key and secret exchanged',
    finding: 'key_and_secret_exchanged',
    words: /they may be exchanged[\s\S]*Write the REST key as key/,
    setUp: async (t) => {
      const { key, secret } = demoCollaborateClient;
      return collaborate(t, { key: secret, secret: key });
    },
  },
  {
    name: "Collaborate's clock 10 minutes ahead, unsaid",
    finding: 'invalid_grant',
    words: /"exp" claim timestamp check failed[\s\S]*Compare this machine's clock with that of the token endpoint/,
    setUp: (t) => collaborate(t, {}, { nowMs: () => Date.now() + 600_000 }),
  },
  {
    name: 'assertion too far ahead',
    finding: 'assertion_too_far_ahead',
    words: /at most 300 s ahead.*in milliseconds[\s\S]*Remove expUnit/,
    setUp: (t) => collaborate(t, { expUnit: 'milliseconds' }),
  },
];

const certifiedClient = { clientId: 'certified-client', clientSecret: 'a secret of 32 characters or so' };

/** oidc-provider with a client that may use these grants. */
async function certified(t: Teardown, grants: readonly string[], clientSecret: string): Promise<object> {
  const behaviour = { format: 'jwt', lifetimeSeconds: 300, delayMs: 0, grants } as const;
  const idp = await startCertifiedIdp({ ...certifiedClient, ...behaviour, authentication: 'client_secret_basic' });
  t.teardown(idp.close);
  const { clientId } = certifiedClient;
  return withoutToken({ clientId, clientSecret, tokenEndpoint: idp.tokenEndpoint });
}

async function collaborate(t: Teardown, credential: object, options: CollaborateOptions = {}): Promise<object> {
  const api = await startCollaborate(options);
  t.teardown(api.close);
  const { key, secret } = demoCollaborateClient;
  return { upstream: api.url, preset: 'collaborate', credential: { key, secret, ...credential } };
}
