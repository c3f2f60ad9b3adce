import type { CredentialStatus, RefusalStatus, Status } from '../admin/status.ts';
import type { Tally } from '../admin/tally.ts';
import type { Config } from '../config/config.ts';
import { localKeyField } from '../inbound/local-key.ts';
import type { TokenSharingState } from '../token-cache/token-sharing.ts';
import type { Credential } from './credentials.ts';
import type { Refusal } from './token-account.ts';

/** Everything that a status is made of. */
export interface StatusParts {
  readonly config: Config;
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly addresses: {
    readonly proxy: readonly { readonly url: string; readonly routes: readonly string[] }[];
    readonly admin: string | undefined;
  };
  readonly about: { readonly version: string; readonly node: string; readonly file: string | undefined };
  readonly tally: Tally;
  readonly tokenCache: TokenSharingState;
  readonly draining: boolean;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** What /api/status answers. */
export function statusOf(parts: StatusParts): Status {
  const { config, credentials, addresses, about, tally, tokenCache, draining, nowMs } = parts;
  const { last, startedMs, inForceSinceMs } = tally.reloads;
  return {
    version: about.version,
    node: about.node,
    startedAt: iso(startedMs),
    uptimeSeconds: Math.max(0, Math.round((nowMs - startedMs) / 1000)),
    state: draining ? 'stopping' : 'running',
    listeners: addresses.proxy,
    localKeyField: localKeyField(config.guard) ?? null,
    admin: addresses.admin ?? null,
    routes: config.routes.map(({ name, path, upstream, preset, credential, tls }) => ({
      name,
      path,
      upstream,
      preset,
      credential,
      insecureSkipVerify: tls.insecureSkipVerify === true,
      requests: tally.route(name).byStatus(),
      repeated: [...tally.route(name).retries.values()].reduce((sum, count) => sum + count, 0),
    })),
    credentials: [...credentials].map(([name, credential]) => credentialStatus(name, credential, config, nowMs)),
    tokenCache: { ...tokenCache, problem: tokenCache.problem ?? null },
    configuration: {
      file: about.file ?? null,
      inForceSince: iso(inForceSinceMs),
      lastReload: last === undefined ? null : { ...last, at: iso(last.atMs) },
    },
  };
}

/** One credential of it; the name is the configuration's, because two may share a token source. */
export function credentialStatus(
  name: string,
  { kind, source, subjects, account }: Credential,
  { routes, credentials }: Config,
  nowMs: number,
): CredentialStatus {
  const { generation, obtainedAtMs, expiresAtMs, refreshAtMs, everObtained, usable, refreshing, lastFailure } =
    source.snapshot();
  const without = lastFailure !== undefined ? 'failing' : everObtained ? 'idle' : 'waiting';
  return {
    name,
    provider: kind,
    routes: routes.filter(({ credential }) => credential === name).map((route) => route.name),
    insecureSkipVerify: credentials.find((one) => one.name === name)?.insecureSkipVerify === true,
    state: subjects !== undefined ? 'per-caller' : usable ? 'ok' : without,
    refreshing,
    token: {
      generation,
      obtainedAt: obtainedAtMs === undefined ? null : iso(obtainedAtMs),
      expiresAt: expiresAtMs === undefined ? null : iso(expiresAtMs),
      expiresInSeconds: expiresAtMs === undefined ? null : Math.round((expiresAtMs - nowMs) / 1000),
      findings: account.findings,
      refreshAt: refreshAtMs === undefined ? null : iso(refreshAtMs),
    },
    lastRefusal: account.refusal === undefined ? null : refusalStatus(account.refusal),
    lastFailure:
      lastFailure === undefined
        ? null
        : {
            at: iso(lastFailure.atMs),
            message: lastFailure.message,
            kind: lastFailure.kind,
            reason: lastFailure.reason,
            retryAt: iso(lastFailure.retryAtMs),
          },
  };
}

function refusalStatus({ atMs, route, fault }: Refusal): RefusalStatus {
  const { upstreamErrorCode, findings = [], action = fault.entry.action } = fault.occurrence;
  const upstreamCode = upstreamErrorCode ?? null;
  return {
    at: iso(atMs),
    route,
    code: fault.code,
    upstreamErrorCode: upstreamCode,
    detail: fault.message,
    action,
    findings,
  };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
