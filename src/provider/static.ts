import type { Clock } from '../clock.ts';
import { object } from '../config/option/group.ts';
import { secret } from '../config/option/secret.ts';
import type { ProviderDefinition } from '../config/provider-definition.ts';
import type { Infer } from '../config/shape.ts';
import type { AccessToken } from '../token/access-token.ts';
import { TokenRequestError } from '../token/provider.ts';
import { decodeUnverifiedJwt } from '../token/unverified-jwt.ts';
import { warnUnlessJwt } from './jwt-expected.ts';
import { createSecretReader } from './secret-reader.ts';
import { refuseIfAborted } from './unless-aborted.ts';

const schema = object(
  {
    token: secret({
      doc: 'The access token itself; read again for every token request.',
      required: true,
      example: '{ file: ./token }',
    }),
  },
  { doc: 'A token that somebody else got.' },
);

type Options = Infer<typeof schema>;

/** A token from the configuration, for tests and for tokens that are made by hand. */
export const staticToken: ProviderDefinition<Options> = {
  kind: 'static',
  doc: 'Sends a token that is written in the configuration or in a file.',
  schema,
  create(options, { clock, log, wantsJwt }) {
    const secrets = createSecretReader(log);
    return {
      async requestToken(signal) {
        refuseIfAborted(signal);
        const token = configuredToken(await secrets.read(options.token), options, clock);
        warnUnlessJwt(token.value, wantsJwt, `the ${options.token.description}`, log);
        return token;
      },
      secretsChanged: secrets.changed,
    };
  },
};

/** A JWT lives until its `exp`, so that an expired one is never sent; every other token never expires. */
function configuredToken(value: string, { token }: Options, clock: Clock): AccessToken {
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new TokenRequestError(`The token of the ${token.description} has characters that cannot be in a header.`, {
      kind: 'permanent',
      reason: 'invalid_token',
      action: 'Write the bare token on one line, without "Bearer" and without spaces.',
    });
  }
  const requestedAtMs = clock.nowMs();
  const exp = decodeUnverifiedJwt(value)?.payload['exp'];
  if (typeof exp !== 'number') {
    return { value, requestedAtMs, lifetimeMs: undefined, lifetimeSource: 'configured' };
  }
  const lifetimeMs = exp * 1000 - requestedAtMs;
  if (lifetimeMs > 0) return { value, requestedAtMs, lifetimeMs, lifetimeSource: 'jwt_exp' };
  throw new TokenRequestError(`The token of the ${token.description} expired ${expiry(exp)}.`, {
    kind: 'permanent',
    reason: 'expired_token',
    action: 'Put a new token there; it is read again with the next token request.',
  });
}

function expiry(exp: number): string {
  const at = new Date(exp * 1000);
  return Number.isNaN(at.getTime()) ? 'long ago' : `at ${at.toISOString()}`;
}
