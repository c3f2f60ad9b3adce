import { isCode } from './api-codes.ts';
import { apis } from './apis.ts';
import type { Profile } from './policy.ts';

/** What the JSON body of a 401 says, as far as the profile knows where to look. */
export interface BodyFacts {
  readonly code: string | undefined;
  /** The API's own sentence for people, as it came: not shortened, not cleaned. */
  readonly text: string | undefined;
}

/**
 * Reads code and sentence from a decoded 401 body; whatever is not a whole JSON object has neither. A byte order mark is
 * skipped (wire facts 4, item 7) and the Content-Type does not matter (U28). Never throws.
 */
export function bodyFacts(profile: Profile, decodedText: string): BodyFacts {
  const body = objectIn(decodedText);
  const { codeMembers, textMembers } = apis[profile];
  return { code: firstString(body, codeMembers, isCode), text: firstString(body, textMembers) };
}

/**
 * The code of a 401 body: a top-level string member, for collibra and generic `errorCode`, else `error`, else `code`; for
 * collaborate `errorKey` (wire facts 5.1). The generic profile does not judge by it; only the user's own rules do. Never throws.
 */
export function errorCodeOf(profile: Profile, decodedText: string): string | undefined {
  return bodyFacts(profile, decodedText).code;
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function firstString(
  body: object | undefined,
  members: readonly string[],
  fits: (value: string) => boolean = (value) => value !== '',
): string | undefined {
  if (body === undefined) return undefined;
  const found = new Map<string, unknown>(Object.entries(body));
  for (const member of members) {
    const value = found.get(member);
    if (typeof value === 'string' && fits(value)) return value;
  }
  return undefined;
}
