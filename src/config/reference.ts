import type { ProviderDefinition } from './provider-definition.ts';
import { credential, route, settings } from './schema.ts';
import { allSettings, presetKey, providerKey, type Setting } from './setting-names.ts';
import type { Fields, JsonSchema, Shape } from './shape.ts';

type Providers = readonly ProviderDefinition<unknown>[];

function credentialSchema({ kind, schema, presets }: ProviderDefinition<unknown>, optional: boolean): JsonSchema {
  const own = schema.jsonSchema();
  const properties = Object.fromEntries(
    Object.entries({ ...credential.fields, ...schema.fields }).map(([key, shape]) => [key, shape.jsonSchema()]),
  );
  const required = Object.entries(schema.fields ?? {}).filter(([, shape]) => shape.required);
  return {
    ...own,
    properties: {
      provider: { const: kind },
      ...(presets === undefined ? {} : { preset: { enum: Object.keys(presets) } }),
      ...properties,
    },
    required: [...(optional ? [] : [providerKey]), ...required.map(([key]) => key)],
  };
}

/** The JSON Schema (2020-12) of a configuration file, with a newline at its end. What the environment adds is not known to it, so only what a list or group needs in itself is required. */
export function configSchema(providers: Providers): string {
  const routeSchema = route.jsonSchema();
  const top = Object.fromEntries(Object.entries(settings.fields).map(([key, shape]) => [key, shape.jsonSchema()]));
  const short = Object.fromEntries(Object.entries(route.fields).map(([key, shape]) => [key, shape.jsonSchema()]));
  const inline: JsonSchema = {
    description: 'The only credential, or the name of one.',
    anyOf: [{ type: 'string' }, { $ref: '#/$defs/credential' }],
  };
  const schema: JsonSchema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'bearerd',
    description: settings.doc,
    type: 'object',
    properties: {
      ...top,
      routes: { description: 'The routes.', type: 'array', minItems: 1, items: { $ref: '#/$defs/route' } },
      credentials: {
        description: 'The credentials by name.',
        type: 'object',
        additionalProperties: { $ref: '#/$defs/credential' },
      },
      ...short,
      credential: inline,
    },
    additionalProperties: false,
    $defs: {
      route: routeSchema,
      credential: {
        anyOf: providers.map((provider) =>
          credentialSchema(provider, ['client-credentials', 'collaborate'].includes(provider.kind)),
        ),
      },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function rows(fields: Fields, path: string, scope: Setting['scope'], names: readonly Setting[]): string[] {
  return Object.entries(fields).flatMap(([key, shape]): string[] => {
    const at = `${path}${key}`;
    if (shape.fields !== undefined) return rows(shape.fields, `${at}.`, scope, names);
    const setting = names.find((one) => one.scope === scope && one.path.join('.') === at);
    return [
      `| \`${at}\` | ${cell(shape.type)} | ${cell(standard(shape))} | ${cell(shape.doc)}${example(shape)} | ${flagAndVariable(setting)} |`,
    ];
  });
}

function standard(shape: Shape<unknown>): string {
  if (shape.required) return 'required';
  return shape.defaultText === undefined ? '' : `\`${shape.defaultText}\``;
}

function example({ example: text, defaultText }: Shape<unknown>): string {
  return text === undefined || text === defaultText ? '' : ` Example: \`${cell(text)}\``;
}

function flagAndVariable(setting: Setting | undefined): string {
  if (setting === undefined) return 'only in the file';
  const { flag, variable, secret } = setting;
  return secret ? `\`--${flag}-file\` \`${variable}\` \`${variable}_FILE\`` : `\`--${flag}\` \`${variable}\``;
}

function table(fields: Fields, scope: Setting['scope'], names: readonly Setting[]): string {
  const head = ['| key | value | default | what it does | flag and variable |', '|---|---|---|---|---|'];
  return [...head, ...rows(fields, '', scope, names)].join('\n');
}

const introduction = `# Configuration

This file is generated from the definitions in \`src/config\`; \`npm run reference\` writes it again.

A value comes from a flag, else from the environment, else from the file, else it is the default. The file is the one of
\`--config\`, else of \`BEARERD_CONFIG\`, else \`./bearerd.yaml\`, else \`$XDG_CONFIG_HOME/bearerd/config.yaml\` (\`~/.config\` where
that variable is not set). It is YAML or JSON. \`bearerd check\` reports every mistake at once:
\`file:line:column: key: what is wrong; what to write\`. \`bearerd config print --why\` shows the configuration in force and where
each value comes from; [reload.md](reload.md) says what a change does while bearerd runs. For editors there is a JSON Schema: \`bearerd config schema\`, or
\`config/schema.json\` of the package.

## One route

\`\`\`yaml
upstream: https://acme.collibra.com
preset: collibra
credential:
  tokenEndpoint: https://idp.example.com/oauth2/token
  clientId: my-app
  clientSecret: { file: ./secret }
\`\`\`

## Several routes

\`\`\`yaml
routes:
  - path: /
    upstream: https://acme.collibra.com
    preset: collibra
    credential: collibra-idp
  - path: /collab
    upstream: https://us.bbcollab.com/collab/api/csa
    preset: collaborate
    credential: collab
credentials:
  collibra-idp:
    tokenEndpoint: https://idp.example.com/oauth2/token
    clientId: my-app
    clientSecret: { file: ./secret }
  collab:
    key: my-collab-rest-key
    secret: \${COLLAB_SECRET}
\`\`\`

The two forms cannot be mixed. A route may leave out \`credential\` where there is only one.

## Values

- **Durations** are \`500ms\`, \`30s\`, \`5m\`, \`2h\`; a bare number is seconds. **Sizes** are \`64KiB\`, \`1MiB\`; a bare number is bytes.
- **Lists** may be one string with commas, in the environment and in flags always. Names with values are there \`name=value,other=value\`.
- **Secrets** are text, \`{ file: PATH }\`, \`{ env: NAME }\` or \`{ command: [ARG, …] }\`. Files are read and commands run again for each
  token request, so a rotated secret needs no restart. A command may take 10 s; what it writes to standard error goes to the
  log. One newline at the end is removed. Secrets are never taken from the command line; a missing file or variable is
  reported at start, a command is not run before it is needed.
- **\`\${NAME}\`** in any string of the file is the environment variable NAME, which has to be set; \`\${NAME:-default}\` is the default
  where NAME is not set or empty; \`$\${\` is a literal \`\${\`.
- **Relative paths** in the file count from the folder of the file, in the environment and in flags from the working directory.
- **Variables**: an empty one counts as not set. \`BEARERD_…\` variables and flags of the route and the credential work where there
  is only one of them; with several, write the file. Unknown \`BEARERD_…\` variables are warnings, unknown keys and flags errors.
- **Flags** that switch something are written \`--insecure-http\`, \`--no-tokens-eager\` or \`--tokens-eager=false\`.
`;

/** docs/configuration.md: every key with its type, default, meaning, flag and variable. */
export function configReference(providers: Providers): string {
  const names = allSettings(providers);
  const presets = `The preset sets the meaning of the API's 401 codes, and for \`collibra\` also \`timeouts.headers\` and \`timeouts.idle\` (no limit, because
exports run for hours), \`cookies: drop\` and \`probe\`. A key that is written wins over the preset.`;
  const credentials = providers.flatMap(({ kind, doc, schema }) => [
    `### provider: ${kind}`,
    doc,
    table(schema.fields ?? {}, 'credential', names),
  ]);
  const choice = `\`provider\` (\`--provider\`, \`BEARERD_PROVIDER\`) is \`collaborate\` under preset collaborate and else \`client-credentials\`, unless it is
written.
[providers.md](providers.md) has a section for each.`;
  const presetRows = providers.flatMap(({ kind, presets: own }) =>
    Object.entries(own ?? {}).map(([name, { doc }]) => `| \`${name}\` | ${kind} | ${cell(doc)} |`),
  );
  const kinds = `\`preset\` (\`--credential-preset\`, \`BEARERD_CREDENTIAL_PRESET\`) names the kind of identity provider: it fills in what is not written, and
\`check\` knows the usual mistakes with it. [identity-providers.md](identity-providers.md) has a section for each.

| ${presetKey} | provider | what it is for |
|---|---|---|
${presetRows.join('\n')}`;
  const parts = [
    introduction.trimEnd(),
    '## The proxy',
    table(settings.fields, 'top', names),
    '## A route',
    presets,
    table(route.fields, 'route', names),
    '## A credential',
    choice,
    kinds,
    table(credential.fields, 'credential', names),
    ...credentials,
  ];
  return `${parts.join('\n\n')}\n`;
}
