import type { Evidence, Yardstick } from '../challenge/contradiction/evidence.ts';
import type { Profile } from '../challenge/policy.ts';
import type { Clock } from '../clock.ts';
import type { CredentialConfig, RouteConfig } from '../config/config.ts';
import type { Log } from '../log.ts';
import type { HeldToken, TokenLease } from '../token/held-token.ts';
import type { KeyExaminer } from '../token/key-evidence.ts';
import type { IssuerContact } from '../token/provider.ts';
import { viewOf } from '../token/token-view.ts';
import { authenticated } from '../upstream/authenticated.ts';
import type { RequestHeaderRules } from '../upstream/request-headers.ts';
import type { RoundTrip } from '../upstream/round-trip.ts';
import { examineClocks, type PeerClock } from './clocks.ts';
import { examineDiscovery } from './discovery.ts';
import { skipped } from './examination.ts';
import { clockOf } from './issuer-clock.ts';
import { examineProbe } from './judge-probe.ts';
import { examineToken } from './judge-token.ts';
import { examineKeys } from './keys.ts';
import { examineNames, type Resolve } from './name-resolution.ts';
import { peersOf } from './peers.ts';
import { type Overheard, overhear, sendProbe } from './probe.ts';
import { type RouteReport, reportOf } from './route-report.ts';
import { examineTls, issuerHint, type TlsFacts } from './tls-chain.ts';
import { examineTokenRequest, type TokenOutcome } from './token-request.ts';

/** A route with everything that it is served with. */
export interface Patient {
  readonly route: RouteConfig;
  readonly credential: CredentialConfig;
  /** undefined = each caller has a token of its own. */
  readonly tokens: TokenLease | undefined;
  /** undefined = there is nobody to ask. */
  readonly contact: IssuerContact | undefined;
  /** What its tokens are compared with. */
  readonly yardstick: Yardstick;
  /** The keys that its issuer publishes; undefined = nothing says where they are. */
  readonly keys: KeyExaminer | undefined;
  /** The upstream URLs of all routes that use the credential. */
  readonly upstreams: readonly string[];
  /** To the upstream, without a token. */
  readonly plain: RoundTrip;
  readonly rules: RequestHeaderRules;
  /** Path of the upstream without a trailing slash. */
  readonly base: string;
}

/** What the examination works with. */
export interface Means {
  readonly clock: Clock;
  readonly log: Log;
  readonly resolve: Resolve;
}

/** Milliseconds that published keys are waited for: who asks for an examination has the time. */
export const keysWaitMs = 10_000;

/** What the 401 table of a route is called. */
export function profileOf({ preset }: RouteConfig): Profile {
  return preset === 'none' ? 'generic' : preset;
}

/**
 * Asks everything about one route that a person would ask, one question after the other: at most one token request (and
 * one for each other way to write the credentials, where the client is refused), and one probe.
 */
export async function examineRoute(patient: Patient, means: Means): Promise<RouteReport> {
  const { route, credential, contact } = patient;
  const { enquiry } = credential;
  const peers = await peersOf(route, enquiry);
  const names = await examineNames(peers, means.resolve);
  const tls = await examineTls(peers);
  const discovery = enquiry === undefined ? [] : [await examineDiscovery(contact, enquiry)];
  const { examination: request, held } = await requestToken(patient, means, tls.facts);
  // who cannot be reached cannot be asked the time either
  const away = request.findings.some(({ side }) => side === 'network');
  const idp = away ? [] : await clockOfIdp(patient, means);
  const before = [names, tls.examination, ...discovery, request];
  const report = { route: route.name, credential: credential.name };
  if (held === undefined)
    return reportOf({ ...report, examinations: [...before, examineClocks(idp)], token: undefined });

  const keys = await patient.keys?.examine(held.token.value, keysWaitMs);
  const { result, heard } = await probe(patient, means);
  const token = examineToken(
    evidenceOf(held, { patient, nowMs: means.clock.nowMs(), keys, heard, idp: idp[0]?.skewMs }),
  );
  const explained = token.findings.some(({ likelihood }) => likelihood !== 'possible');
  const origin = new URL(route.upstream).origin;
  const words = (route.probe ?? '').replace(' ', ` ${route.upstream}`);
  const after = [
    token,
    keys === undefined ? skipped('keys', 'nothing says where the keys are') : examineKeys(keys),
    result === undefined
      ? skipped('probe', 'the route has no probe')
      : examineProbe({ words, result, answer: heard.answer, explained, issuerHint: issuerHint(tls.facts, origin) }),
    examineClocks([...idp, { who: 'API', origin, skewMs: heard.skewMs }]),
  ];
  return reportOf({ ...report, examinations: [...before, ...after], token: viewOf(held.token.value, keys) });
}

async function requestToken(
  { tokens, credential, upstreams, route }: Patient,
  { clock, log }: Means,
  tls: readonly TlsFacts[],
): Promise<TokenOutcome> {
  if (tokens === undefined) {
    const why = 'each caller has a token of its own, and there is no caller; paste one: bearerd doctor --token-stdin';
    return { examination: skipped('token request', why), held: undefined };
  }
  const { enquiry, maxTokenRequests } = credential;
  return examineTokenRequest({
    source: tokens,
    // where token requests are counted, none is made to try something out
    alternatives: maxTokenRequests === undefined ? (enquiry?.alternatives ?? []) : [],
    context: { clock, log, upstreams, wantsJwt: route.preset === 'collibra' },
    issuerHint: (origin) => issuerHint(tls, origin),
    url: enquiry?.tokenEndpoint ?? enquiry?.issuer,
  });
}

/** What the identity provider's clock says; empty = there is nobody to ask. */
async function clockOfIdp({ contact, credential }: Patient, { clock }: Means): Promise<PeerClock[]> {
  const url = credential.enquiry?.tokenEndpoint ?? credential.enquiry?.issuer;
  if (contact === undefined || url === undefined) return [];
  const { origin } = new URL(url);
  return [{ who: 'IdP', origin, skewMs: await clockOf(contact, origin, clock) }];
}

async function probe(
  { route, credential, tokens, plain, rules, base, yardstick, keys }: Patient,
  { clock, log }: Means,
): Promise<{ readonly result: Awaited<ReturnType<typeof sendProbe>> | undefined; readonly heard: Overheard }> {
  const heard: Overheard = { answer: undefined, skewMs: undefined };
  if (route.probe === undefined || tokens === undefined) return { result: undefined, heard };
  const policy = {
    profile: profileOf(route),
    ownRules: route.challenge,
    on401: 'explain',
    routeName: route.name,
    credentialName: credential.name,
    yardstick,
    keys,
  } as const;
  const quiet = { clock, log, onRepeat: () => {}, onSkip: () => {}, onFault: () => {}, onAccepted: () => {} };
  const send = authenticated(overhear(plain, policy.profile, clock, heard), tokens, policy, quiet);
  return { result: await sendProbe(send, { request: route.probe, base, rules }), heard };
}

function evidenceOf(
  held: HeldToken,
  seen: {
    readonly patient: Patient;
    readonly nowMs: number;
    readonly keys: Evidence['keys'];
    readonly heard: Overheard;
    /** Milliseconds that the identity provider's clock is ahead. */
    readonly idp: number | undefined;
  },
): Evidence {
  const { patient, nowMs, keys, heard, idp } = seen;
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);
  return {
    ...patient.yardstick,
    token: held.token.value,
    profile: profileOf(patient.route),
    nowMs,
    keys,
    answer: heard.answer,
    clocks: { apiAheadSeconds: seconds(heard.skewMs), idpAheadSeconds: seconds(idp) },
  };
}
