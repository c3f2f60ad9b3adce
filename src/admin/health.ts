/** What readiness needs to know about one credential; per-subject credentials are not among them. */
export interface CredentialSnapshot {
  readonly name: string;
  /** A token has been obtained at least once since the start. */
  readonly everObtained: boolean;
  /** There is a token that may be sent now. */
  readonly usable: boolean;
  /** Why the last token request failed, without secrets; undefined when it succeeded or there was none. */
  readonly lastFailure: string | undefined;
}

/** The answer of /readyz. */
export interface Readiness {
  readonly ready: boolean;
  readonly status: 200 | 503;
  /** One sentence for everything that stands in the way; empty when ready. */
  readonly reasons: readonly string[];
}

/**
 * Whether traffic should come here: the configuration is loaded and every credential has obtained a token once. After
 * that a lapsed token alone changes nothing, since the next request fetches one (interface section 6).
 */
export function readiness(credentials: readonly CredentialSnapshot[], draining: boolean): Readiness {
  const reasons = draining ? ['bearerd is stopping'] : [];
  for (const { name, everObtained, usable, lastFailure } of credentials) {
    if (everObtained && (usable || lastFailure === undefined)) continue;
    const state = everObtained ? 'has no usable token' : 'has not obtained a token yet';
    reasons.push(`credential ${name} ${state}${lastFailure === undefined ? '' : `: ${lastFailure}`}`);
  }
  const ready = reasons.length === 0;
  return { ready, status: ready ? 200 : 503, reasons };
}
