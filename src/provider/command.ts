import { object } from '../config/option/group.ts';
import { program } from '../config/option/program.ts';
import { duration } from '../config/option/quantity.ts';
import type { ProviderContext, ProviderDefinition } from '../config/provider-definition.ts';
import { redact, rememberSecret } from '../config/secret.ts';
import type { Infer } from '../config/shape.ts';
import { type TokenProvider, TokenRequestError } from '../token/provider.ts';
import { warnUnlessJwt } from './jwt-expected.ts';
import { printedToken } from './printed-token.ts';
import { quotation } from './quotation.ts';

const schema = object(
  {
    command: program({
      doc: 'A program with its arguments that prints the bare token, JSON with access_token and an end, or a Kubernetes ExecCredential. No shell is involved.',
      required: true,
      example: '[gcloud, auth, print-access-token]',
    }),
    timeout: duration({
      doc: 'How long it may take; then it and what it has started are killed.',
      default: '10s',
      minimum: '1ms',
      maximum: '10m',
    }),
    defaultLifetime: duration({
      doc: 'Life of a token that says nothing about it.',
      default: '5m',
      minimum: '1s',
    }),
  },
  { doc: 'A token that a program prints.' },
);

type Options = Infer<typeof schema>;

/** What kubectl tells a credential plugin; several of them refuse to run without it. */
const execInfo = JSON.stringify({
  apiVersion: 'client.authentication.k8s.io/v1',
  kind: 'ExecCredential',
  spec: { interactive: false },
});

/** A token that a program of the user's prints. */
export const command: ProviderDefinition<Options> = {
  kind: 'command',
  doc: 'Runs a program that prints a token: a cloud command-line tool, a password manager, a Kubernetes credential plugin.',
  schema,
  create: createCommand,
};

function createCommand(options: Options, { clock, log, wantsJwt }: ProviderContext): TokenProvider {
  const { command: run, timeout: timeoutMs, defaultLifetime } = options;
  const source = `command ${run.name}`;
  return {
    async requestToken(signal) {
      if (signal.aborted) throw failed(`The ${source} was not run: nobody waits for it any more.`, 'aborted');
      const writtenAtMs = clock.nowMs();
      const result = await run.run({ timeoutMs, signal, env: { KUBERNETES_EXEC_INFO: execInfo } });
      const facts = {
        source,
        nowMs: clock.nowMs(),
        writtenAtMs,
        defaultLifetimeMs: defaultLifetime,
        cureOfExpired: `Find out why the ${source} prints a token that has ended; it may have a cache of its own.`,
      };
      if (result.failure !== undefined) {
        // Before its complaint is quoted: it may repeat what it printed.
        rememberPrinted(result.stdout);
        tell(result.stderr);
        const reason = signal.aborted ? 'aborted' : /within/.test(result.failure) ? 'timeout' : 'command_failed';
        const words = quotation(lastLine(result.stderr), redact);
        throw failed(`The ${source} ${result.failure}${words && `: ${words}`}.`, reason);
      }
      const token = read(result.stdout, facts, () => tell(result.stderr));
      warnUnlessJwt(token.value, wantsJwt, `the ${source}`, log);
      return token;
    },
  };

  function read(stdout: string, facts: Parameters<typeof printedToken>[2], then: () => void) {
    try {
      const token = printedToken(stdout, 'either', facts);
      rememberPrinted(token.value);
      return token;
    } catch (error) {
      rememberPrinted(stdout);
      throw error;
    } finally {
      then();
    }
  }

  function tell(stderr: string): void {
    const words = quotation(stderr.slice(-1000), redact);
    if (words !== '') log.warn({ event: 'token_command_stderr', command: run.name }, `The ${source} says ${words}`);
  }
}

function failed(what: string, reason: string): TokenRequestError {
  return new TokenRequestError(what, {
    kind: 'transient',
    reason,
    action: 'Run the command by hand as the user that bearerd runs as; it has to print a token and exit with 0.',
  });
}

/** Only what can be a token: a word such as `error` would be taken out of every line of the log. */
function rememberPrinted(text: string): void {
  const word = text.trim();
  if (/^\S{16,}$/.test(word)) rememberSecret(word);
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
