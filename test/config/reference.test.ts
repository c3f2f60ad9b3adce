import { readFileSync } from 'node:fs';
import t from 'tap';
import { configReference, configSchema } from '../../src/config/reference.ts';
import { allSettings } from '../../src/config/setting-names.ts';
import { providers } from '../../src/provider/index.ts';

t.test('config/schema.json and docs/configuration.md are what the definitions say (npm run reference)', async (t) => {
  t.equal(readFileSync('config/schema.json', 'utf8'), configSchema(providers));
  t.equal(readFileSync('docs/configuration.md', 'utf8'), configReference(providers));
});

t.test('the JSON Schema knows every key of both forms and nothing else', async (t) => {
  const schema = JSON.parse(configSchema(providers));
  t.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  t.equal(schema.additionalProperties, false);
  const { listen, routes, upstream, credential, credentials } = schema.properties;
  for (const key of [listen, routes, upstream, credential, credentials]) t.ok(key);
  t.same(schema.$defs.route.required, ['upstream']);
  const kinds = schema.$defs.credential.anyOf.map(
    (one: { properties: { provider: { const: string } } }) => one.properties.provider.const,
  );
  t.same(
    kinds,
    providers.map(({ kind }) => kind),
  );
  t.same(
    schema.$defs.credential.anyOf[kinds.indexOf('static')].required,
    ['provider', 'token'],
    'only the two usual ones may leave out provider',
  );
});

t.test('the reference names each key with its flag and variable', async (t) => {
  const text = configReference(providers);
  for (const { flag, variable, secret } of allSettings(providers)) {
    t.match(text, `\`--${flag}${secret ? '-file' : ''}\``);
    t.match(text, `\`${variable}\``);
  }
  t.match(text, '| `timeouts.connect` | duration | `10s` |');
  t.match(text, '| `challenge` | list | `[]` |');
});

t.test('names of variables and flags: interface section 3', async (t) => {
  const settings = allSettings(providers);
  const names = new Map(
    settings.map(({ variable, flag, path, scope }) => [variable, `${flag} ${scope} ${path.join('.')}`]),
  );
  const expected: Readonly<Record<string, string>> = {
    BEARERD_UPSTREAM: 'upstream route upstream',
    BEARERD_PRESET: 'preset route preset',
    BEARERD_TOKEN_ENDPOINT: 'token-endpoint credential tokenEndpoint',
    BEARERD_CLIENT_ID: 'client-id credential clientId',
    BEARERD_CLIENT_SECRET: 'client-secret credential clientSecret',
    BEARERD_KEY: 'key credential key',
    BEARERD_SECRET: 'secret credential secret',
    BEARERD_PROVIDER: 'provider credential provider',
    BEARERD_TIMEOUTS_CONNECT: 'timeouts-connect route timeouts.connect',
    BEARERD_LISTEN: 'listen top listen',
    BEARERD_INSECURE_HTTP: 'insecure-http route insecureHttp',
    BEARERD_CREDENTIAL_INSECURE_HTTP: 'credential-insecure-http credential insecureHttp',
    BEARERD_CREDENTIAL_TLS_CA: 'credential-tls-ca credential tls.ca',
    BEARERD_GUARD_ALLOWED_HOSTS: 'guard-allowed-hosts top guard.allowedHosts',
    BEARERD_LOG_LEVEL: 'log-level top log.level',
    BEARERD_ON401: 'on401 route on401',
  };
  for (const [variable, name] of Object.entries(expected)) t.equal(names.get(variable), name, variable);
  t.equal(names.size, settings.length, 'no name is used twice');
});
