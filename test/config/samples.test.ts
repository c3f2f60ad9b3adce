import { readdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { privateFolder } from '../support/private-folder.ts';

/** What each sample of config/ names, and what comes of it. Tests run from the root of the project. */
const samples: Readonly<Record<string, { env: (t: Test) => Record<string, string>; config: object }>> = {
  'collibra.yaml': {
    env: () => ({
      COLLIBRA_URL: 'https://acme.collibra.com',
      TOKEN_ENDPOINT: 'https://idp.example.com/oauth2/token',
      CLIENT_ID: 'my-app',
      CLIENT_SECRET: 's3cret-value',
    }),
    config: {
      adminChosen: true,
      routes: [
        { name: 'collibra', path: '/', upstream: 'https://acme.collibra.com', credential: 'idp', cookies: 'drop' },
      ],
      credentials: [{ name: 'idp', kind: 'client-credentials' }],
    },
  },
  'collibra-oauth.yaml': {
    env: () => ({
      COLLIBRA_URL: 'https://acme.collibra.com',
      CLIENT_ID: 'urn:sys:env:2eeadf60-1a11-5170-7e57-000000000000:i:1cnxtsn',
      CLIENT_SECRET: 's3cret-value',
    }),
    config: { routes: [{ preset: 'collibra' }], credentials: [{ kind: 'client-credentials' }] },
  },
  'collaborate.yaml': {
    env: () => ({ COLLAB_KEY: 'my-collab-rest-key', COLLAB_SECRET: '0F0E0D0C-0B0A-4908-8706-050403020100' }),
    config: {
      routes: [{ upstream: 'https://us.bbcollab.com/collab/api/csa', preset: 'collaborate' }],
      credentials: [{ kind: 'collaborate' }],
    },
  },
  'sidecar.yaml': {
    env: (t) => ({
      COLLIBRA_URL: 'https://acme.collibra.com',
      TOKEN_ENDPOINT: 'https://idp.example.com/oauth2/token',
      CLIENT_ID: 'my-app',
      CLIENT_SECRET_FILE: `${privateFolder(t.testdir({ secret: 's3cret-value\n' }))}/secret`,
      LISTEN_PORT: '9000',
    }),
    config: {
      listen: [{ kind: 'tcp', host: '127.0.0.1', port: 9000 }],
      admin: { kind: 'tcp', host: '0.0.0.0', port: 8081 },
      log: { format: 'json', level: 'info' },
      drainTimeout: 20_000,
      routes: [{ preset: 'collibra' }],
    },
  },
  'container.yaml': {
    env: () => ({
      BEARERD_UPSTREAM: 'https://acme.collibra.com',
      BEARERD_TOKEN_ENDPOINT: 'https://idp.example.com/oauth2/token',
      BEARERD_CLIENT_ID: 'my-app',
      BEARERD_CLIENT_SECRET: 's3cret-value',
    }),
    config: {
      listen: [{ kind: 'tcp', host: '0.0.0.0', port: 8080 }],
      admin: { kind: 'tcp', host: '127.0.0.1', port: 8081 },
      guard: { allowedHosts: ['localhost', '127.0.0.1', '[::1]', 'bearerd'] },
      routes: [{ path: '/', upstream: 'https://acme.collibra.com' }],
    },
  },
};

t.test('every sample is valid, without warnings, when the variables that it names are set', async (t) => {
  const found = readdirSync('config').filter((name) => name.endsWith('.yaml'));
  t.same(found.sort(), Object.keys(samples).sort(), 'each sample has its test');
  for (const [name, { env, config }] of Object.entries(samples)) {
    const variables = env(t);
    const options = { file: `config/${name}`, flags: {}, cwd: process.cwd(), home: undefined, providers };
    const loaded = loadConfig({ ...options, env: variables });
    t.same(loaded.warnings, [], name);
    t.match(loaded.config, config, name);
    for (const variable of Object.keys(variables)) {
      if (variable === 'LISTEN_PORT') continue; // has a default
      const { [variable]: _, ...others } = variables;
      t.throws(
        () => loadConfig({ ...options, env: others }),
        { code: 'BEARERD_CONFIGURATION' },
        `${name} without ${variable}`,
      );
    }
  }
});
