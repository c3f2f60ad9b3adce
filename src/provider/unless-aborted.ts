import { TokenRequestError } from '../token/provider.ts';

function abandoned(): TokenRequestError {
  return new TokenRequestError('The token request was abandoned.', { kind: 'transient', reason: 'aborted' });
}

/** Nothing is begun for a caller who has left. @throws TokenRequestError (transient, aborted) */
export function refuseIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abandoned();
}

/** The answer, unless the caller leaves before; what goes on then is the giver's business. @throws TokenRequestError (transient, aborted) */
export async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(abandoned());
  });
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
