/** What a status says about the token, after the 401 rules of the route have had their turn. */
export interface ProbeMeaning {
  /** The token is not in the way. */
  readonly ok: boolean;
  readonly meaning: string;
  readonly action?: string;
}

/** Reads a status of the probe request (wire facts 2.5, 5.1). */
export function meaningOf(status: number): ProbeMeaning {
  if (status < 300) return { ok: true, meaning: 'the token is accepted' };
  if (status < 400) {
    const action =
      'Look where it leads; a login page means that the path is for browsers, or the upstream is not the API.';
    return { ok: false, meaning: 'a redirect, which says nothing about the token', action };
  }
  switch (status) {
    case 401:
      return {
        ok: false,
        meaning: 'refused, but the answer does not blame the token',
        action: 'Often a missing permission: see what the user of the token may do, or choose another probe.',
      };
    case 403:
      return { ok: true, meaning: 'the token is accepted, but its user may not do this' };
    case 404:
      return { ok: true, meaning: 'the token is not refused, but there is nothing at this path' };
    case 407: {
      const action = 'Find a way around the proxy, or have it let this machine through.';
      return {
        ok: false,
        meaning: 'a proxy between bearerd and the API answers in its place, and wants a password',
        action,
      };
    }
    case 408:
    case 429:
      return { ok: false, meaning: 'this says nothing about the token', action: 'Try again later.' };
    default:
      return status < 500
        ? { ok: true, meaning: 'the token is not refused' }
        : {
            ok: false,
            meaning: 'the API is in trouble, which says nothing about the token',
            action: 'Try again later.',
          };
  }
}
