import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyServerFactory } from 'fastify';
import { type AdminCall, type AdminOptions, buildAdmin } from '../admin/app.ts';
import { EventStreams } from '../admin/event-streams.ts';
import type { Exchanges } from '../admin/exchanges.ts';
import { readiness } from '../admin/health.ts';
import { LateServer } from '../admin/late-server.ts';
import type { CertificateGauge } from '../admin/metric-sources.ts';
import { createMetrics } from '../admin/metrics.ts';
import type { CredentialStatus, Status } from '../admin/status.ts';
import type { Tally } from '../admin/tally.ts';
import type { TokenHistory } from '../admin/token-history.ts';
import type { Clock } from '../clock.ts';
import type { Config, ListenAddress } from '../config/config.ts';
import type { ErrorCode } from '../errors.ts';
import { openAddress, originsOf } from '../inbound/address.ts';
import { type Audit, auditedPath, peerOf } from '../inbound/audit-entry.ts';
import type { LocalKey } from '../inbound/local-key.ts';
import type { Log } from '../log.ts';
import type { TokenSharingState } from '../token-cache/token-sharing.ts';
import { isAudited } from './audit-target.ts';
import { askAgain, type Credential, gaugeOf, healthOf } from './credentials.ts';

/** What the admin listener tells of. */
export interface AdminParts {
  readonly tally: Tally;
  readonly exchanges: Exchanges;
  readonly history: TokenHistory;
  readonly clock: Clock;
  readonly log: Log;
  /** Used where the configuration asks for an audit log. */
  readonly audit: Audit;
  /** Those of the configuration in force. */
  readonly credentials: () => readonly Credential[];
  readonly draining: () => boolean;
  readonly about: { readonly version: string; readonly node: string };
  /** Connections of clients of the proxy. */
  readonly connections: () => { readonly open: number; readonly webSockets: number };
  readonly tokenCache: () => TokenSharingState;
  readonly status: () => Status;
  /** See AdminOptions. */
  readonly refresh: (name: string) => Promise<CredentialStatus | undefined>;
}

/** A configuration, and the key that callers have to send. */
export interface Guarded {
  readonly config: Config;
  readonly localKey: LocalKey | undefined;
}

/** An admin listener that is open. */
interface OpenAdmin {
  readonly late: LateServer;
  readonly url: string;
  /** The address as it was asked for, for comparison. */
  readonly asked: string;
  readonly connections: ReadonlySet<Socket>;
}

/** The admin listener; it moves when a new configuration gives it another address. */
export class AdminListener {
  readonly #parts: AdminParts;
  readonly #metrics: ReturnType<typeof createMetrics>;
  readonly #events: EventStreams;
  #guard: Config['guard'] = { allowedHosts: [], allowedOrigins: [] };
  #localKey: LocalKey | undefined;
  #audit: Audit | undefined;
  #origins: readonly string[] = [];
  #open: OpenAdmin | undefined;

  constructor(parts: AdminParts) {
    this.#parts = parts;
    const { tally, about, clock, exchanges, history, status } = parts;
    this.#events = new EventStreams({ status, exchanges, history, nowMs: clock.nowMs });
    this.#metrics = createMetrics({
      tally,
      about,
      nowMs: clock.nowMs,
      tokens: () => parts.credentials().flatMap((one) => gaugeOf(one, clock)),
      credentials: () =>
        parts
          .credentials()
          .filter(({ subjects }) => subjects === undefined)
          .map(({ name, source }) => ({ credential: name, usable: source.snapshot().usable })),
      certificates: () => {
        const { routes, credentials } = parts.status();
        const of = (
          kind: CertificateGauge['kind'],
          list: readonly { name: string; insecureSkipVerify: boolean }[],
        ): CertificateGauge[] => list.map(({ name, insecureSkipVerify: skipped }) => ({ kind, name, skipped }));
        return [...of('route', routes), ...of('credential', credentials)];
      },
      tokenCache: parts.tokenCache,
      connections: () => {
        const { open, webSockets } = parts.connections();
        return { proxy: open, admin: this.#open?.connections.size ?? 0, webSockets };
      },
    });
  }

  /** Opens the address of the configuration unless it is open. @returns its URL; undefined = off. @throws BearerdError BEARERD_LISTEN */
  async open({ config, localKey }: Guarded): Promise<string | undefined> {
    const { admin, adminChosen, guard } = config;
    const before = this.#open;
    const asked = JSON.stringify(admin);
    if (before?.asked !== asked) {
      this.#open = admin === 'off' ? undefined : await this.#listen(admin, !adminChosen);
      if (before !== undefined) await before.late.close();
    }
    this.#guard = guard;
    this.#localKey = localKey;
    this.#audit = isAudited(config) ? this.#parts.audit : undefined;
    return this.#open?.url;
  }

  /** Ends it, with whatever is asked of it at the moment. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.late.close();
  }

  async #listen(address: ListenAddress, mayMove: boolean): Promise<OpenAdmin> {
    const late = new LateServer((server) => this.#build(server));
    const connections = new Set<Socket>();
    late.server.on('connection', (socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
    });
    const opened = await openAddress(late.server, address, mayMove);
    this.#origins = originsOf(opened);
    return { late, url: opened.url, asked: JSON.stringify(address), connections };
  }

  #build(server: FastifyServerFactory): FastifyInstance {
    const { credentials, draining, exchanges, history, log, status, refresh, tally } = this.#parts;
    const options: AdminOptions = {
      guard: () => ({ ...this.#guard, ownOrigins: this.#origins }),
      localKey: () => this.#localKey,
      readiness: () => {
        // Without a caller there is no subject, so nothing can be known beforehand.
        const shared = credentials().filter(({ subjects }) => subjects === undefined);
        for (const { source } of shared) askAgain(source);
        return readiness(shared.map(healthOf), draining());
      },
      metrics: this.#metrics,
      status,
      exchanges,
      history,
      events: this.#events,
      refresh,
      onRefused: (code, call) => {
        tally.refused('admin', code);
        this.#record(call, 'refused', code);
      },
      onChanged: (call) => this.#record(call, 'allowed'),
      log,
    };
    return buildAdmin(options, server);
  }

  #record({ requestId, request, status }: AdminCall, decision: 'allowed' | 'refused', error?: ErrorCode): void {
    const { method, url = '', socket } = request;
    this.#audit?.record({
      listener: this.#open?.url ?? '',
      peer: peerOf(socket),
      requestId,
      method,
      path: auditedPath(url),
      decision,
      error,
      status,
    });
  }
}
