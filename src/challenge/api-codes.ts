import type { ChallengeClass } from './policy.ts';

/** What one code of an API means and where to look, for people. */
export interface CodeMeaning {
  /** The code as the API spells it; compared without regard to case. */
  readonly code: string;
  readonly class: ChallengeClass;
  /** Why the API sends it; continues the sentence "The API means: …". */
  readonly meaning: string;
  /** What to compare or change, as one or more whole sentences in the words of the API's console. */
  readonly check: string;
}

/** The names of an API's settings, as its console has them. */
export interface ConsoleWords {
  /** Where they are; continues "in …". */
  readonly place: string;
  readonly issuer: string;
  readonly audience: string;
  readonly types: string;
  readonly algorithms: string;
  readonly principal: string;
  readonly skew: string;
  readonly keys: string;
  /** Who the principal has to be: "a Collibra user". */
  readonly user: string;
}

/** Everything about 401 answers that differs from one API to the next; one constant per API, one file per constant. */
export interface ApiCodes {
  /** The API's name in messages. */
  readonly name: string;
  /** Top-level members of the JSON body that may hold the code; the first that is a string counts. */
  readonly codeMembers: readonly string[];
  /** Top-level members of the JSON body that hold a sentence for people. */
  readonly textMembers: readonly string[];
  /** The body codes that say something about the token. */
  readonly codes: readonly CodeMeaning[];
  /** A 401 without a token code usually means a missing permission, so a token that should be good is kept (M12). */
  readonly uncodedIsPermission: boolean;
  /** What the API asks of a token by default, where that is documented; a token that differs is pointed out. */
  readonly asks?: {
    /** Accepted `typ` values, in any letter case; undefined typ needs a changed setting. */
    readonly types: readonly string[];
    /** Header parameters and claims without which no token is accepted. */
    readonly required: readonly ('alg' | 'kid' | 'iss' | 'iat' | 'exp')[];
    /** The claim that names the user, unless the console says another. */
    readonly principalClaim: string;
  };
  /** What the settings that decide about a token are called. */
  readonly settings: ConsoleWords;
  /** Where to look when the Bearer challenge refuses the token, or our own clock says that it has expired. */
  readonly check: { readonly expired: string; readonly rejected: string };
}

/** The meaning of a body code, or undefined where it says nothing about the token. */
export function meaningOf(api: ApiCodes, code: string | undefined): CodeMeaning | undefined {
  const wanted = code?.toLowerCase();
  return wanted === undefined ? undefined : api.codes.find((known) => known.code.toLowerCase() === wanted);
}

/** Whether a text can be a code at all: 1 to 128 printable characters. Longer ones (an echoed token, say) are never codes. */
export function isCode(text: string): boolean {
  return /^[\p{L}\p{N}\p{P}\p{S} ]{1,128}$/u.test(text);
}
