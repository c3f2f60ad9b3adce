import { noticeableSkewMs, skewSentence } from '../token/clock-skew.ts';
import type { Examination } from './examination.ts';
import type { Finding } from './finding.ts';

/** How far somebody's clock is from ours. */
export interface PeerClock {
  readonly who: 'IdP' | 'API';
  readonly origin: string;
  /** Milliseconds that it is ahead of ours; undefined = it did not say (skewFromDate). */
  readonly skewMs: number | undefined;
}

/** Compares the clocks of the identity provider, the API and this machine; the one that differs from both others is wrong. */
export function examineClocks(peers: readonly PeerClock[]): Examination {
  const told = peers.filter((peer): peer is PeerClock & { skewMs: number } => peer.skewMs !== undefined);
  if (told.length === 0) {
    return { question: 'clock', state: 'skipped', lines: ['nobody said what time it is (Date)'], findings: [] };
  }
  const lines = told.map(({ who, origin, skewMs }) =>
    Math.abs(skewMs) <= noticeableSkewMs
      ? `${who} ${origin}: agrees with this machine's clock`
      : `${who} ${origin}: ${skewSentence(origin, skewMs)}`,
  );
  const findings = judged(told);
  return { question: 'clock', state: findings.length === 0 ? 'good' : 'bad', lines, findings };
}

function judged(peers: readonly (PeerClock & { readonly skewMs: number })[]): Finding[] {
  const off = peers.filter(({ skewMs }) => Math.abs(skewMs) > noticeableSkewMs);
  const [first, second] = off;
  if (first === undefined) return [];
  const agree = second === undefined || Math.abs(first.skewMs - second.skewMs) <= noticeableSkewMs;
  // With one peer alone, or with all agreeing, it is this machine; otherwise who is alone.
  if (peers.length === off.length && agree) return [ours(first)];
  return off.map(theirs);
}

function ours({ origin, skewMs }: PeerClock & { readonly skewMs: number }): Finding {
  return {
    id: 'clock',
    side: 'yours',
    likelihood: 'certain',
    sentence: `${skewSentence(origin, skewMs)}.`,
    cure: "Set this machine's clock, and keep it right with a time service (NTP).",
  };
}

function theirs({ who, origin, skewMs }: PeerClock & { readonly skewMs: number }): Finding {
  return {
    id: 'clock',
    side: who,
    likelihood: 'certain',
    sentence: `${skewSentence(origin, skewMs)}.`,
    cure:
      who === 'API'
        ? "The API's clock differs, and it judges iat and exp by it: have it set, or raise the clock skew that the API allows (Collibra: JWT Maximum Clock Skew)."
        : "The identity provider's clock differs, and its tokens carry its time: have it set, or raise the clock skew that the API allows (Collibra: JWT Maximum Clock Skew).",
  };
}
