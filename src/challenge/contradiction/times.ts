import { duration } from '../token-findings.ts';
import type { Contradiction } from './contradiction.ts';
import type { OpenedEvidence } from './evidence.ts';

/** Seconds of difference between clocks that are taken for noise. */
const noticeableSeconds = 30;

/** Compares iat, nbf and exp with the clocks, and the clocks with each other. */
export function timeContradictions(evidence: OpenedEvidence): Contradiction[] {
  const found = [...expiry(evidence), ...start(evidence), ...missing(evidence)];
  return found.length > 0 ? found : clocks(evidence);
}

function expiry({ jwt, api, words, nowMs, clocks }: OpenedEvidence): Contradiction[] {
  const exp = jwt.payload['exp'];
  if (typeof exp !== 'number' || !Number.isFinite(exp)) return [];
  const pastHere = nowMs / 1000 - exp;
  const apiAhead = clocks?.apiAheadSeconds;
  const pastThere = apiAhead === undefined ? undefined : pastHere + apiAhead;
  const cure = `Set the clocks of this machine, the identity provider and ${api.name} to the same time; ${words.skew} in ${words.place} is what ${api.name} forgives, and the lifetime of access tokens is set at the identity provider.`;
  if (pastHere > 0) {
    const there =
      pastThere === undefined || Math.abs(pastThere - pastHere) <= noticeableSeconds
        ? ''
        : pastThere > 0
          ? `, and ${duration(pastThere)} ago by the clock of ${api.name}`
          : `, but not by the clock of ${api.name}, where it has ${duration(pastThere)} left`;
    return [
      {
        id: 'expired',
        sentence: `The token expired ${duration(pastHere)} ago by this machine's clock${there}${idpClock(clocks?.idpAheadSeconds)}.`,
        cure,
        certainty: 'certain',
      },
    ];
  }
  if (apiAhead === undefined || apiAhead <= noticeableSeconds || pastHere + apiAhead <= 0) return [];
  return [
    {
      id: 'expired_on_api_clock',
      sentence: `The token expired ${duration(pastHere + apiAhead)} ago by the clock of ${api.name}, which is ${duration(apiAhead)} ahead of this machine's, where it has ${duration(pastHere)} left.`,
      cure,
      certainty: 'certain',
    },
  ];
}

function idpClock(ahead: number | undefined): string {
  if (ahead === undefined || Math.abs(ahead) <= noticeableSeconds) return '';
  return `; the identity provider's clock is ${duration(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} it`;
}

function start({ jwt, api, words, nowMs, clocks }: OpenedEvidence): Contradiction[] {
  const { iat, nbf } = jwt.payload;
  const apiAhead = clocks?.apiAheadSeconds;
  const whose = apiAhead === undefined ? "this machine's clock" : `the clock of ${api.name}`;
  const there = nowMs / 1000 + (apiAhead ?? 0);
  for (const [name, at] of [['nbf', nbf] as const, ['iat', iat] as const]) {
    if (typeof at !== 'number' || !Number.isFinite(at) || at - there <= noticeableSeconds) continue;
    return [
      {
        id: 'not_yet_valid',
        sentence: `The token is valid only in ${duration(at - there)} by ${whose} (its ${name} lies in the future): the identity provider's clock is ahead.`,
        cure: `Set the clocks of this machine, the identity provider and ${api.name} to the same time; ${words.skew} in ${words.place} is what ${api.name} forgives.`,
        certainty: 'certain',
      },
    ];
  }
  return [];
}

function missing({ jwt, api, words }: OpenedEvidence): Contradiction[] {
  const absent = (['exp', 'iat'] as const).filter(
    (name) => api.asks?.required.includes(name) === true && typeof jwt.payload[name] !== 'number',
  );
  if (absent.length === 0) return [];
  const names = absent.join(' and no ');
  return [
    {
      id: 'claim_missing',
      sentence: `The token has no ${names} that is a number, and ${api.name} asks for ${absent.length === 1 ? 'it' : 'both'}.`,
      cure: `Have the identity provider write ${absent.join(' and ')} into access tokens; no setting in ${words.place} replaces ${absent.length === 1 ? 'it' : 'them'}.`,
      certainty: 'likely',
    },
  ];
}

/** Nothing in the token is wrong with our clock, so the clocks are what is left. */
function clocks({ jwt, api, words, nowMs, clocks: others, answer }: OpenedEvidence): Contradiction[] {
  if (answer?.class !== 'expired') return [];
  const exp = jwt.payload['exp'];
  const left = typeof exp === 'number' ? `it has ${duration(exp - nowMs / 1000)} left` : 'it has no exp';
  const ahead = others?.apiAheadSeconds;
  const known =
    ahead === undefined || Math.abs(ahead) <= noticeableSeconds
      ? ': the clocks differ, or the API allows tokens a shorter life'
      : `, which is ${duration(ahead)} ${ahead > 0 ? 'behind' : 'ahead of'} the API's`;
  return [
    {
      id: 'clock_skew',
      sentence: `${api.name} calls the token expired, and ${left} by this machine's clock${known}.`,
      cure: `Set the clocks of this machine, the identity provider and ${api.name} to the same time, and see ${words.skew} in ${words.place}.`,
      certainty: 'likely',
    },
  ];
}
