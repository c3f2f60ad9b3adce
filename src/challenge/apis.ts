import type { ApiCodes } from './api-codes.ts';
import { collaborate } from './collaborate.ts';
import { collibra } from './collibra.ts';
import type { Profile } from './policy.ts';
import { rfc6750 } from './rfc6750.ts';

/** The codes of each profile; a new API is one file and one line here. */
export const apis: Readonly<Record<Profile, ApiCodes>> = { collibra, collaborate, generic: rfc6750 };
