import type { IdpTopic } from './evidence.ts';

/** Where the identity providers with a preset have the setting that decides; from the failure tables of docs/identity-providers.md. */
export const idpWords: Readonly<Record<string, Readonly<Partial<Record<IdpTopic, string>>>>> = {
  entra: {
    issuer:
      "In Entra, tokens of v1 and v2.0 have different iss: requestedAccessTokenVersion in the manifest of the API's app registration decides.",
    audience: "In Entra, aud follows from the App ID URI in the credential's scope (api://ID/.default).",
    principal:
      'In Entra, sub of an application is the object id of its service principal; appid (v1) or azp (v2.0) is its client id.',
    scope: 'In Entra, grant the application the permission (app role) of the API, with admin consent.',
  },
  okta: {
    form: 'In Okta, use the issuer of an authorization server (/oauth2/default); tokens of the organisation itself are for Okta only.',
    type: 'In Okta, use the issuer of an authorization server (/oauth2/default); tokens of the organisation itself are for Okta only.',
    issuer: 'In Okta, each authorization server (Security > API) has an issuer of its own.',
    audience: 'In Okta, it is Audience of the authorization server (Security > API).',
    scope: 'In Okta, it is a scope of the authorization server (Security > API > Scopes).',
  },
  auth0: {
    form: "In Auth0, a token without an audience may be opaque: write the identifier of the API as the credential's audience.",
    issuer: 'In Auth0, iss ends in a slash.',
    audience: "In Auth0, write the identifier of the API as the credential's audience.",
    algorithm: "In Auth0, it is Signing Algorithm in the API's settings.",
    scope: 'In Auth0, authorize the application for the permission (Applications > APIs > Machine to Machine).',
  },
  keycloak: {
    issuer: 'In Keycloak, iss is the address of the realm under which the token was asked for (Frontend URL).',
    audience: 'In Keycloak, add an Audience mapper to a client scope of this client.',
    algorithm: "In Keycloak, it is Access token signature algorithm in the client's advanced settings.",
    principal:
      'In Keycloak, sub of a client is the id of its service account user; azp and client_id are its client id.',
    scope: 'In Keycloak, add the client scope to this client.',
  },
};
