import type { ExchangeView } from '../exchange-view.ts';
import type { CredentialStatus } from '../status.ts';

/** A duration for people: `0.4 ms`, `35 ms`, `1.2 s`, `4 min 12 s`, `3 h 5 min`. */
export function duration(ms: number): string {
  if (ms < 0) return '0 ms';
  if (ms < 9.95) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  return life(ms);
}

/** The same in whole seconds. */
export function life(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}

/** The time of day on the reader's clock, `13:05:09`. */
export function timeOfDay(iso: string): string {
  const at = new Date(iso);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** 1234567 → `1 234 567`. */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** What the state of a credential means. */
export const stateWords: Readonly<Record<CredentialStatus['state'], string>> = {
  ok: 'token in use',
  idle: 'no token; the next request asks for one',
  waiting: 'waiting for the first token',
  failing: 'no token can be had',
  'per-caller': 'each caller has a token of its own',
};

/** How a state is coloured. */
export function stateTone({ state, lastFailure, lastRefusal }: CredentialStatus): 'good' | 'bad' | 'warn' | 'calm' {
  if (state === 'failing' || lastRefusal !== null) return 'bad';
  if (lastFailure !== null) return 'warn';
  return state === 'ok' ? 'good' : 'calm';
}

/** The state in a word: a token that the API refuses is no good one. */
export function stateWord({ state, refreshing, lastRefusal }: CredentialStatus): string {
  if (refreshing) return 'asking for a token';
  return state === 'ok' && lastRefusal !== null ? 'refused' : state;
}

/** What is wrong with a credential, in sentences; none when all is well. @param nowMs epoch milliseconds on bearerd's clock */
export function troubles({ lastFailure, lastRefusal }: CredentialStatus, nowMs: number): string[] {
  const words: string[] = [];
  if (lastFailure !== null) {
    const wait = Date.parse(lastFailure.retryAt) - nowMs;
    const again = wait > 0 ? `The token endpoint is asked again in ${life(wait)}.` : 'The next request asks again.';
    const who = lastFailure.kind === 'permanent' ? 'Somebody has to change something. ' : '';
    words.push(`${timeOfDay(lastFailure.at)} ${lastFailure.message}`, `${who}${again}`);
  }
  if (lastRefusal !== null) {
    const { sentence, cure } = finding(lastRefusal);
    words.push(`${timeOfDay(lastRefusal.at)} ${sentence}`, cure);
  }
  return words;
}

/** The likeliest reason of a refusal, or all of its words where none is known. */
function finding({ findings, detail, action }: NonNullable<CredentialStatus['lastRefusal']>): {
  readonly sentence: string;
  readonly cure: string;
} {
  const [first] = findings;
  const known = first !== undefined && 'sentence' in first && 'cure' in first;
  return known ? { sentence: String(first.sentence), cure: String(first.cure) } : { sentence: detail, cure: action };
}

/** When the next token is asked for. @param nowMs epoch milliseconds on bearerd's clock */
export function refreshWords(refreshAt: string | null, nowMs: number): string {
  if (refreshAt === null) return 'no refresh ahead of its end';
  if (Date.parse(refreshAt) <= nowMs) return 'refresh is due: the next request starts it';
  return `next refresh: first request after ${timeOfDay(refreshAt)}`;
}

/** `2xx` … `5xx`; `aborted` when the client left before there was a status. */
export function statusTone(status: number | null): string {
  return status === null ? 'aborted' : `${Math.trunc(status / 100)}xx`;
}

/** What became of the 401 of a request, in two or three words; empty = there was none. */
export function decisionWords({ decision }: Pick<ExchangeView, 'decision'>): string {
  if (decision === null) return '';
  const rule = decision.rule === 'own' ? 'own rule' : decision.rule;
  return decision.repeated ? `retried · ${rule}` : `not retried · ${rule}`;
}

/** Everything that the search looks at, in lower case. */
export function searchText(exchange: ExchangeView): string {
  const { method, path, status, aborted, route, credential, error, decision, requestId } = exchange;
  const known = [method, path, status, aborted ? 'aborted' : '', route, credential, error, requestId];
  return [...known, decision?.code, decisionWords(exchange)].join(' ').toLowerCase();
}

/** Whether all words of a search are there. */
export function matches(text: string, search: string): boolean {
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
