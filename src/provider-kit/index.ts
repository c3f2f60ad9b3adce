import { systemClock } from '../clock.ts';
import { faultOf } from '../config/define-provider.ts';
import { formatProblem, type ParseContext } from '../config/input.ts';
import { objectInput } from '../config/object-input.ts';
import type { ProviderDefinition } from '../config/provider-definition.ts';
import { invalid } from '../config/shape.ts';
import type { TokenProvider } from '../token/provider.ts';
import { aborted, alreadyAborted, concurrent, failure, sharedRefresh, token } from './promises.ts';
import { leaks, Witness } from './witness.ts';

/** What came of one promise of a provider. */
export interface ConformanceResult {
  /** The promise, one sentence. */
  readonly name: string;
  readonly ok: boolean;
  /** What was seen; empty when there is nothing to say. */
  readonly detail: string;
}

/** What the author of a provider tells about the service that it asks; what is left out is not tried. */
export interface ConformanceHooks {
  /** From now on the service refuses (a wrong secret, an error). */
  readonly refuse?: () => void | Promise<void>;
  /** From now on the service takes requests and never answers. */
  readonly hang?: () => void | Promise<void>;
  /** The service works again. Needed with the two above. */
  readonly restore?: () => void | Promise<void>;
  /** Texts that must never be in an error or in the log: the secrets of the options. At least 8 characters each. */
  readonly secrets?: readonly string[];
  /** For `{ env: NAME }` in the options. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Relative paths in the options count from here; default `/`. */
  readonly cwd?: string;
}

/** A check: undefined = the promise is kept, otherwise what was seen instead. */
type Check = () => Promise<string | undefined>;

/**
 * Tries whether a provider keeps what bearerd relies on. It needs no test runner: go through the results and fail on the
 * first that is not ok. Each check makes a provider of its own and closes it.
 * @param options as one would write them in a file, without `provider`
 */
export async function* conformance<O>(
  definition: ProviderDefinition<O>,
  options: Readonly<Record<string, unknown>>,
  hooks: ConformanceHooks = {},
): AsyncGenerator<ConformanceResult> {
  const fault = faultOf(definition);
  yield result('the definition has a kind, a schema and create()', fault);
  if (fault !== undefined) return;
  const context: ParseContext = { env: hooks.env ?? {}, cwd: hooks.cwd ?? '/', problems: [] };
  const parsed = definition.schema.parse(objectInput(options, context), '', context);
  const errors = context.problems.filter(({ severity }) => severity === 'error');
  yield result('the schema accepts the options', errors.map(formatProblem).join('; ') || undefined);
  if (parsed === invalid) return;
  const undocumented = Object.entries(definition.schema.fields ?? {}).filter(([, { doc }]) => doc === '');
  yield result('every option is documented', undocumented.map(([key]) => key).join(', ') || undefined);

  const witness = new Witness(hooks.secrets ?? []);
  const make = (): TokenProvider =>
    definition.create(parsed, { clock: systemClock, log: witness.log, upstreams: [], wantsJwt: false });
  const { refuse, hang, restore = () => {} } = hooks;

  const checks: [name: string, check: Check, before?: () => void | Promise<void>][] = [
    ['requestToken() gives a token of visible ASCII characters with sensible times', token(make)],
    ['several calls at once each give a token', concurrent(make)],
    ['callers of a token source share one call, and a rejected token is asked for again', sharedRefresh(make)],
    ['a signal that is aborted already ends the call at once', alreadyAborted(make, witness)],
  ];
  if (hang !== undefined) {
    checks.push(['an abort ends a call that waits, within a second', aborted(make, witness), hang]);
    checks.push(['after that a new call gives a token', token(make), restore]);
  }
  if (refuse !== undefined) {
    checks.push(['a refusal is a TokenRequestError with a kind and a reason', failure(make, witness), refuse]);
    checks.push(['after that a new call gives a token', token(make), restore]);
  }
  for (const [name, check, before] of checks) {
    await before?.();
    yield result(name, await guarded(check));
  }
  yield result('close() can be called, twice too', await guarded(() => closes(make)));
  yield result('no secret is in an error or in the log', leaks(witness));
}

function result(name: string, fault: string | undefined): ConformanceResult {
  return { name, ok: fault === undefined, detail: fault ?? '' };
}

/** A check must not end the others. */
async function guarded(check: Check): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return `it threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  }
}

async function closes(make: () => TokenProvider): Promise<string | undefined> {
  const provider = make();
  await provider.requestToken(new AbortController().signal);
  await provider.close?.();
  await provider.close?.();
  return undefined;
}
