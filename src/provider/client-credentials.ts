import { object } from '../config/option/group.ts';
import type { ProviderDefinition } from '../config/provider-definition.ts';
import type { Infer } from '../config/shape.ts';
import { otherProofs } from './client-options.ts';
import { enquiryOf } from './endpoint-options.ts';
import { createOAuthClient, lintOAuthClient, oauthFields } from './oauth-client.ts';
import { presets } from './presets.ts';

const schema = object(oauthFields, {
  doc: 'OAuth 2.0 client credentials (RFC 6749 §4.4).',
});

type Options = Infer<typeof schema>;

/** Tokens by client credentials (RFC 6749 §4.4). */
export const clientCredentials: ProviderDefinition<Options> = {
  kind: 'client-credentials',
  shareable: true,
  doc: 'Asks a token endpoint for a token in the name of a client: with a secret, a signed assertion or a certificate (RFC 6749 §4.4).',
  schema,
  oneOf: ['tokenEndpoint', 'issuer'],
  create: (options, context) => createOAuthClient(options, context, { type: 'client_credentials' }),
  lint: lintOAuthClient,
  enquiry: (options) => ({
    ...enquiryOf(options),
    alternatives: otherProofs(options).map(({ write, change }) => ({
      write,
      create: (context) => createOAuthClient({ ...options, ...change }, context, { type: 'client_credentials' }),
    })),
  }),
  presets,
};
