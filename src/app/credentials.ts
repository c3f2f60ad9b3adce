import type { CredentialSnapshot } from '../admin/health.ts';
import type { TokenGauge } from '../admin/metric-sources.ts';
import type { Tally } from '../admin/tally.ts';
import type { TokenHistory } from '../admin/token-history.ts';
import type { Yardstick } from '../challenge/contradiction/evidence.ts';
import type { Profile } from '../challenge/policy.ts';
import type { Clock } from '../clock.ts';
import type { Config, CredentialConfig } from '../config/config.ts';
import type { BatchedLog } from '../log.ts';
import { type CredentialKeys, createKeySet } from '../provider/create-key-set.ts';
import type { TokenProvider } from '../token/provider.ts';
import { SubjectTokens } from '../token/subject-tokens.ts';
import type { TokenCache } from '../token/token-cache.ts';
import type { TokenEvents } from '../token/token-events.ts';
import { TokenSource } from '../token/token-source.ts';
import type { TokenSharing } from '../token-cache/token-sharing.ts';
import { TokenAccount } from './token-account.ts';

/** A credential at work. */
export interface Credential {
  readonly name: string;
  /** The fingerprint of everything that shapes the token request; equal keys ask the same question. */
  readonly key: string;
  /** The provider's kind. */
  readonly kind: string;
  /** Files of its secrets and certificates, absolute. */
  readonly files: readonly string[];
  readonly provider: TokenProvider;
  readonly source: TokenSource;
  /** Where each caller has a token of its own; the source above then gives none. */
  readonly subjects: SubjectTokens | undefined;
  /** What its tokens are compared with. */
  readonly yardstick: Yardstick;
  /** The published keys of its issuer, for explanations; undefined = nothing says where they are. */
  readonly keys: CredentialKeys | undefined;
  readonly account: TokenAccount;
}

/** What every credential shares. */
export interface CredentialParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: BatchedLog;
  readonly tally: Tally;
  readonly history: TokenHistory;
  readonly cache: TokenCache;
  /** Tokens of other processes; undefined = each asks for itself. */
  readonly sharing?: TokenSharing | undefined;
}

/**
 * One token source per different token request: credentials that ask the same question share the answer, and those
 * that ask it still after a reload keep their tokens.
 * @param kept credentials of the configuration before, by key
 * @returns by name; credentials that no route uses are left out
 */
export function buildCredentials(
  config: Config,
  parts: CredentialParts,
  kept: ReadonlyMap<string, Credential>,
): ReadonlyMap<string, Credential> {
  const byKey = new Map(kept);
  const byName = new Map<string, Credential>();
  for (const credential of config.credentials) {
    const users = config.routes.filter((route) => route.credential === credential.name);
    if (users.length === 0) continue;
    const upstreams = [...new Set(users.map(({ upstream }) => upstream))];
    const presets = users.map(({ preset }) => preset);
    const wantsJwt = presets.includes('collibra');
    const profile = presets.find((preset) => preset !== 'none') ?? ('generic' as const);
    const key = credential.fingerprint;
    const known = byKey.get(key) ?? buildCredential(credential, { key, upstreams, wantsJwt, profile }, parts);
    byKey.set(key, known);
    byName.set(credential.name, known);
  }
  return byName;
}

/**
 * Waits until nobody waits for a token of a credential that a reload has replaced; whoever asks for one after that is told
 * so. As long as the provider takes, at most; closeCredential ends it before.
 */
export async function retireCredential({ source, subjects }: Credential): Promise<void> {
  await Promise.all([source.retire(), subjects?.retire()]);
}

/** Ends a credential that nothing uses any more. */
export async function closeCredential({ source, subjects, provider, keys }: Credential): Promise<void> {
  source.close();
  subjects?.close();
  await keys?.close();
  await provider.close?.();
}

function buildCredential(
  credential: CredentialConfig,
  use: {
    readonly key: string;
    readonly upstreams: readonly string[];
    readonly wantsJwt: boolean;
    readonly profile: Profile;
  },
  parts: CredentialParts,
): Credential {
  const { clock, random, cache } = parts;
  const { name, expect, preset } = credential;
  const { key, upstreams, wantsJwt, profile } = use;
  const log = parts.log.child({ credential: name });
  const provider = credential.create({ clock, log, upstreams, wantsJwt });
  const yardstick = { expect, issuer: provider.issuer?.name, idp: preset };
  const keys = createKeySet(provider.issuer, expect?.jwks, { clock, log });
  const account = new TokenAccount({ profile, yardstick }, log);
  const counts = parts.tally.credential(name);
  const events: TokenEvents = {
    requestEnded: (outcome, durationMs) => {
      if (outcome === 'shared') counts.takenOver += 1;
      else counts.tokenRequested(outcome === 'ok' ? 'success' : outcome, durationMs);
      if (outcome === 'transient' || outcome === 'permanent') parts.history.failed(name, outcome, clock.nowMs());
    },
    refreshShared: () => {
      counts.shared += 1;
    },
    becameCurrent: (held) => {
      account.obtained(held.token.value, clock.nowMs());
      parts.history.obtained(name, held, provider.subjects === undefined, clock.nowMs());
    },
  };
  const shared = { clock, random, quota: credential.maxTokenRequests, events };
  const { sharedName } = credential;
  const others = sharedName === undefined ? undefined : parts.sharing?.tokensOf(sharedName);
  const source = new TokenSource(key, provider, cache, { ...shared, log, shared: others });
  const logFor = (subject: string) => parts.log.child({ credential: name, subject });
  const subjects = provider.subjects && new SubjectTokens(provider, provider.subjects, { ...shared, logFor });
  const files = credential.files ?? [];
  return { name, key, kind: credential.kind, files, provider, source, subjects, yardstick, keys, account };
}

/** What readiness wants to know. */
export function healthOf({ name, source }: Credential): CredentialSnapshot {
  const { everObtained, usable, lastFailure } = source.snapshot();
  return { name, everObtained, usable, lastFailure: lastFailure?.message };
}

/**
 * Who is not ready gets no requests, and without requests no token would be asked for: the probe stands in for them. The
 * failure memory of the token source bounds how often.
 */
export function askAgain(source: TokenSource): void {
  const { usable, lastFailure } = source.snapshot();
  if (!usable && lastFailure !== undefined) source.refreshInBackground();
}

/** The token it holds, for the metrics; none when there is none. */
export function gaugeOf({ name, source }: Credential, clock: Clock): TokenGauge[] {
  const { obtainedAtMs, expiresAtMs } = source.snapshot();
  if (obtainedAtMs === undefined) return [];
  const nowMs = clock.nowMs();
  const remainingMs = expiresAtMs === undefined ? undefined : expiresAtMs - nowMs;
  return [{ credential: name, ageMs: nowMs - obtainedAtMs, remainingMs }];
}
