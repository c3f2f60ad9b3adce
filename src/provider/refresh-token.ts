import { object } from '../config/option/group.ts';
import type { ProviderContext, ProviderDefinition } from '../config/provider-definition.ts';
import type { Infer } from '../config/shape.ts';
import { enquiryOf } from './endpoint-options.ts';
import { createOAuthClient, lintOAuthClient, oauthFields } from './oauth-client.ts';
import { RotatingSecret } from './rotating-secret.ts';
import { lintFile, secretFile } from './secret-file.ts';
import { refuseIfAborted, unlessAborted } from './unless-aborted.ts';

const schema = object(
  {
    refreshToken: object(
      {
        file: secretFile({
          doc: 'The file with the refresh token. A rotated one is written in its place, so file and folder have to be writable.',
          required: true,
          example: './refresh-token',
        }),
      },
      { doc: 'Where the refresh token is.' },
    ),
    ...oauthFields,
  },
  { doc: 'OAuth 2.0 refresh token (RFC 6749 §6).' },
);

type Options = Infer<typeof schema>;

/** Milliseconds that the end of bearerd waits for the answer to a refresh: with it a rotated token would be lost. */
const patienceMs = 3_000;

/** Tokens by a refresh token that may be rotated with each use (RFC 6749 §6, RFC 9700 §4.14). */
export const refreshToken: ProviderDefinition<Options> = {
  kind: 'refresh-token',
  shareable: true,
  doc: 'Gets access tokens with a refresh token from a file, and stores the new one where the identity provider rotates it (RFC 6749 §6).',
  schema,
  oneOf: ['tokenEndpoint', 'issuer'],
  create: (options, context) => createRefreshing(options, context),
  enquiry: enquiryOf,
  lint: (options) => [...lintFile('refreshToken.file', options.refreshToken.file), ...lintOAuthClient(options)],
  usesUp: ({ refreshToken: { file } }) => ({ path: 'refreshToken.file', secret: file }),
};

function createRefreshing(options: Options, context: ProviderContext): ReturnType<typeof refreshToken.create> {
  const { file } = options.refreshToken;
  const rotating = new RotatingSecret(file, context.log);
  const client = createOAuthClient(options, context, {
    type: 'refresh_token',
    parameters: async (secrets) => [['refresh_token', await rotating.current(secrets)]],
    examine: async (body, _endpoint, secrets) => {
      const next = body['refresh_token'];
      if (typeof next === 'string' && next !== '') await rotating.store(next, secrets);
      return undefined;
    },
    cure: (reason) =>
      reason === 'invalid_grant'
        ? `Sign in again and put the new refresh token into the ${file.description}: this one has ended, was revoked, or was used somewhere else. It is read again with the next token request.`
        : undefined,
  });
  /** Exchanges that have begun. */
  const underway = new Set<Promise<unknown>>();
  const closing = new AbortController();
  const giveUp = new AbortController();
  return {
    ...client,
    /** The caller's abort ends the wait, not the exchange: its answer may hold the only refresh token that still works. */
    async requestToken(signal) {
      refuseIfAborted(signal);
      const answer = rotating.inTurn(async () => {
        // Whoever left while others had their turn would use a refresh token for nothing.
        refuseIfAborted(signal);
        refuseIfAborted(closing.signal);
        const exchange = client.requestToken(giveUp.signal);
        underway.add(exchange);
        return await exchange.finally(() => underway.delete(exchange));
      });
      return await unlessAborted(answer, signal);
    },
    /** Those that wait for their turn are not waited for: their turn may be a long one of another provider. */
    async close() {
      closing.abort();
      const timer = setTimeout(() => giveUp.abort(), patienceMs);
      await Promise.allSettled(underway);
      clearTimeout(timer);
      await client.close?.();
    },
  };
}
