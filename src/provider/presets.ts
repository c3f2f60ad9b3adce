import type { CredentialPreset, Lint } from '../config/provider-definition.ts';
import type { OAuthOptions } from './oauth-client.ts';

/** Kinds of identity providers with their usual values and the mistakes that are usual with them (wire facts 4). */
export const presets: Readonly<Record<string, CredentialPreset<OAuthOptions>>> = {
  'collibra-oauth': {
    doc: "Collibra's own OAuth applications: the token endpoint of the route's upstream, and no scope.",
    defaults: ({ upstreams: [upstream, ...others] }) =>
      upstream === undefined || others.length > 0
        ? {}
        : { tokenEndpoint: `${new URL(upstream).origin}/rest/oauth/v2/token` },
    lint: ({ scope }) => (scope === undefined ? [] : [warning('scope', 'is answered with invalid_scope', 'remove it')]),
  },
  entra: {
    doc: 'Microsoft Entra ID: v2.0 wants a scope that ends in /.default, v1 a resource.',
    defaults: () => ({ clientAuthentication: 'client_secret_post' }),
    lint: (options) => [...entraTenant(options), ...(isEntraV1(options) ? entraV1(options) : entraV2(options))],
  },
  okta: {
    doc: 'An authorization server of Okta.',
    defaults: () => ({ clientAuthentication: 'client_secret_basic' }),
    lint: (options) => [
      ...(options.scope === undefined ? [warning('scope', 'is missing, and Okta wants one', 'write a scope')] : []),
      ...(place(options).includes('/oauth2/') ? [] : [oktaOrganisation]),
    ],
  },
  auth0: {
    doc: 'Auth0: wants an audience, and counts each token.',
    defaults: () => ({ clientAuthentication: 'client_secret_post' }),
    lint: ({ audience, issuer }) => [
      ...(audience === undefined ? [auth0Audience] : []),
      ...(issuer?.endsWith('/') === false ? [error('issuer', 'has no / at its end', `write ${issuer}/`)] : []),
    ],
  },
  keycloak: {
    doc: 'A realm of Keycloak.',
    defaults: () => ({ clientAuthentication: 'client_secret_basic' }),
    lint: (options) => (/\/realms\/[^/]/.test(place(options)) ? [] : [keycloakRealm(options)]),
  },
};

const oktaOrganisation = warning(
  'issuer',
  'is the organisation itself, whose tokens are for Okta only',
  'write the issuer of an authorization server: https://acme.okta.com/oauth2/default',
);
const auth0Audience = warning(
  'audience',
  'is missing, and only a tenant with a default audience does without',
  'write the identifier of the API',
);

function keycloakRealm({ issuer }: OAuthOptions): Lint {
  const path = issuer === undefined ? 'tokenEndpoint' : 'issuer';
  return warning(path, 'names no realm', 'write issuer: https://keycloak.example.com/realms/REALM');
}

function isEntraV1(options: OAuthOptions): boolean {
  return !place(options).includes('/v2.0');
}

function entraTenant(options: OAuthOptions): Lint[] {
  const tenant = /\/(common|organizations|consumers)(\/|$)/.exec(place(options))?.[1];
  if (tenant === undefined) return [];
  const path = options.tokenEndpoint === undefined ? 'issuer' : 'tokenEndpoint';
  return [
    error(path, `is for '${tenant}', where an application has no tokens of its own`, 'write the id of the tenant'),
  ];
}

function entraV1({ resource, scope }: OAuthOptions): Lint[] {
  const cure = 'write resource: api://ID, or use the v2.0 issuer with scope: api://ID/.default';
  const missing = resource === undefined ? [error('resource', 'is missing, and v1 of Entra wants it', cure)] : [];
  return scope === undefined ? missing : [...missing, warning('scope', 'means nothing to v1 of Entra', 'remove it')];
}

function entraV2({ resource, scope }: OAuthOptions): Lint[] {
  const surplus =
    resource === undefined ? [] : [error('resource', 'is of v1 of Entra', 'write scope: api://ID/.default')];
  const wrong = scope?.find((one) => !one.endsWith('/.default'));
  if (wrong !== undefined) {
    const whole = `write scope: ${wrong.replace(/\/[^/]*$/, '').replace(/^[a-z]*:?\/*$/, 'api://ID')}/.default`;
    return [...surplus, error('scope', `'${wrong}' does not end in /.default, as an application's has to`, whole)];
  }
  if (scope?.length === 1) return surplus;
  const problem = scope === undefined ? 'is missing' : `has ${scope.length} values, and Entra takes one`;
  return [...surplus, error('scope', problem, 'write scope: api://ID/.default')];
}

/** What says where the tokens come from. */
function place({ tokenEndpoint, issuer }: OAuthOptions): string {
  return tokenEndpoint ?? issuer ?? '';
}

function error(path: string, problem: string, cure: string): Lint {
  return { path, problem, cure, severity: 'error' };
}

function warning(path: string, problem: string, cure: string): Lint {
  return { path, problem, cure, severity: 'warning' };
}
