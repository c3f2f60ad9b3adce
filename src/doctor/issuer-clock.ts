import type { Clock } from '../clock.ts';
import { header } from '../provider/token-answer.ts';
import { skewFromDate } from '../token/clock-skew.ts';
import { type IssuerContact, TokenRequestError } from '../token/provider.ts';

/**
 * Asks the identity provider for nothing but the time: its root, because a look at the token endpoint might count as a token
 * request.
 * @returns milliseconds that its clock is ahead of ours; undefined = it does not say, or does not answer
 */
export async function clockOf(contact: IssuerContact, origin: string, clock: Clock): Promise<number | undefined> {
  const sentMs = clock.nowMs();
  try {
    const answer = await contact.get(`${origin}/`, new AbortController().signal);
    // An answer out of a cache says how late it was when it was made.
    const date = header(answer, 'age') === undefined ? header(answer, 'date') : undefined;
    return skewFromDate(date, sentMs, clock.nowMs());
  } catch (error) {
    if (error instanceof TokenRequestError) return undefined;
    throw error;
  }
}
