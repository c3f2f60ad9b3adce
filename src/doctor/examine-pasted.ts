import type { Evidence, Yardstick } from '../challenge/contradiction/evidence.ts';
import type { Profile } from '../challenge/policy.ts';
import type { Clock } from '../clock.ts';
import type { CredentialConfig, RouteConfig } from '../config/config.ts';
import type { KeyExaminer } from '../token/key-evidence.ts';
import { viewOf } from '../token/token-view.ts';
import { skipped } from './examination.ts';
import { keysWaitMs } from './examine-route.ts';
import { examineToken } from './judge-token.ts';
import { examineKeys } from './keys.ts';
import { type RouteReport, reportOf } from './route-report.ts';

/** What a pasted token is compared with; without a configuration only `profile` is known. */
export interface PastedFor {
  readonly profile: Profile;
  readonly route?: RouteConfig;
  readonly credential?: CredentialConfig;
  readonly yardstick?: Yardstick;
  /** The published keys of the issuer. */
  readonly keys?: KeyExaminer | undefined;
}

/** Examines a token that somebody pasted. It is sent nowhere; only the published keys are asked for, where they are known. */
export async function examinePasted(token: string, patient: PastedFor, clock: Clock): Promise<RouteReport> {
  const { profile, route, credential } = patient;
  const keys = await patient.keys?.examine(token, keysWaitMs);
  const evidence: Evidence = {
    token,
    profile,
    nowMs: clock.nowMs(),
    ...patient.yardstick,
    keys,
  };
  const examinations = [
    skipped('token request', 'the token was pasted'),
    examineToken(evidence),
    keys === undefined
      ? skipped('keys', 'nobody says where the keys are: write expect: { jwks: URL }')
      : examineKeys(keys),
    skipped('probe', 'a pasted token is sent nowhere'),
  ];
  return reportOf({ route: route?.name, credential: credential?.name, examinations, token: viewOf(token, keys) });
}
