import { oneOf } from '../config/option/choice.ts';
import { object } from '../config/option/group.ts';
import type { ProviderContext, ProviderDefinition } from '../config/provider-definition.ts';
import { rememberSecret } from '../config/secret.ts';
import type { Infer } from '../config/shape.ts';
import type { TokenProvider } from '../token/provider.ts';
import { warnUnlessJwt } from './jwt-expected.ts';
import { printedToken } from './printed-token.ts';
import { lintFile, secretFile } from './secret-file.ts';
import { createSecretReader } from './secret-reader.ts';
import { refuseIfAborted } from './unless-aborted.ts';

/** Milliseconds after which a request looks whether the file has another token. */
const recheckAfterMs = 1_000;

const schema = object(
  {
    path: secretFile({
      doc: 'The file with the access token, which somebody else writes and rotates; looked at again at most once a second.',
      required: true,
      example: '/var/run/secrets/token',
    }),
    format: oneOf(['raw', 'json'], {
      doc: 'raw = the bare token; json = an object with access_token and, if it ends, expires_in, expires_on, expires_at or expiry.',
      default: 'raw',
    }),
  },
  { doc: 'A token in a file that somebody else keeps fresh.' },
);

type Options = Infer<typeof schema>;

/** A token that another program writes into a file: an agent, a sidecar, a cron job. */
export const file: ProviderDefinition<Options> = {
  kind: 'file',
  doc: 'Sends the token in a file that another program keeps fresh, and follows its rotation.',
  schema,
  create: createFile,
  lint: ({ path }) => lintFile('path', path),
};

function createFile({ path, format }: Options, { clock, log, wantsJwt }: ProviderContext): TokenProvider {
  const secrets = createSecretReader(log);
  let told: string | undefined;
  return {
    async requestToken(signal) {
      refuseIfAborted(signal);
      // Before the content: should the file be replaced in between, the token seems older than it is, not younger.
      const modifiedAtMs = await path.modifiedAtMs();
      const text = await secrets.read(path);
      const nowMs = clock.nowMs();
      const token = printedToken(text, format, {
        source: path.description,
        nowMs,
        writtenAtMs: Math.min(modifiedAtMs ?? nowMs, nowMs),
        defaultLifetimeMs: undefined,
        cureOfExpired: 'Look after the program that writes the file; it is read again with the next request.',
      });
      if (told !== token.value) warnUnlessJwt(token.value, wantsJwt, `the ${path.description}`, log);
      told = token.value;
      if (format === 'json') rememberSecret(token.value);
      return { ...token, recheckAfterMs };
    },
    secretsChanged: secrets.changed,
  };
}
