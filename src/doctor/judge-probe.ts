import type { TokenAnswered } from '../challenge/contradiction/evidence.ts';
import { BearerdError } from '../errors.ts';
import { TokenRequestError } from '../token/provider.ts';
import type { Examination } from './examination.ts';
import type { Finding, Side } from './finding.ts';
import { meaningOf } from './probe-meaning.ts';

/** What came of the probe. */
export interface ProbeResult {
  /** `GET https://…`, as it is shown. */
  readonly words: string;
  /** The status for the caller, or what bearerd answers in its place. */
  readonly result: number | BearerdError;
  /** The API's own last answer; undefined = none came. */
  readonly answer: TokenAnswered | undefined;
  /** What in the token contradicts has been found: it explains a refusal better. */
  readonly explained: boolean;
  /** More about a certificate of the upstream that is not trusted. */
  readonly issuerHint: string | undefined;
}

const networkCodes =
  /^BEARERD_(?:UPSTREAM_(?:UNREACHABLE|DNS|CONNECT_TIMEOUT|TERMINATED|REFUSED|TLS)|EGRESS_PROXY_\w+)$/;

/** Says what the answer to the probe means for the token. */
export function examineProbe(probe: ProbeResult): Examination {
  const { words, result, answer } = probe;
  const finding = findingIn(probe);
  const seen = answer === undefined ? '' : ` → ${answer.status}`;
  const said = result instanceof BearerdError ? result.message : meaningOf(result).meaning;
  const refused = result instanceof BearerdError || !meaningOf(result).ok || answer?.status === 403;
  const state = finding === undefined && !refused ? 'good' : 'bad';
  const findings = finding === undefined ? [] : [finding];
  return { question: 'probe', state, lines: [`${words}${seen}: ${said}`], findings };
}

function findingIn({ words, result, explained, issuerHint }: ProbeResult): Finding | undefined {
  const status = result instanceof BearerdError ? result.occurrence.upstreamStatus : result;
  // only these are about the token, so that what contradicts in it explains nothing else
  if (explained && (status === 401 || status === 403)) return undefined;
  if (result instanceof BearerdError) return ofFault(result, issuerHint);
  const {
    ok,
    meaning,
    action = 'Compare the upstream and the probe of the route with what the API documents.',
  } = meaningOf(result);
  const sentence = `${words} → ${result}: ${meaning}.`;
  if (result === 407) return { id: 'proxy_in_the_way', side: 'network', likelihood: 'certain', sentence, cure: action };
  if (result === 404) {
    const cure = "Check the route's upstream, with its path, and the route's probe.";
    return { id: 'nothing_there', side: 'yours', likelihood: 'possible', sentence, cure };
  }
  if (ok) return undefined;
  const id = result === 401 ? 'refused_without_reason' : result < 400 ? 'redirect' : 'api_in_trouble';
  return { id, side: result < 400 ? 'yours' : 'API', likelihood: 'likely', sentence, cure: action };
}

/** bearerd's own answer: its code, in small letters, is the name. */
function ofFault(fault: BearerdError, issuerHint: string | undefined): Finding {
  const { action = fault.entry.action, upstreamStatus } = fault.occurrence;
  const hint = fault.code === 'BEARERD_UPSTREAM_CERTIFICATE' && issuerHint !== undefined ? ` ${issuerHint}` : '';
  return {
    id: idOf(fault),
    side: sideOf(fault, upstreamStatus),
    likelihood: 'certain',
    sentence: fault.message,
    cure: `${action}${hint}`,
  };
}

function idOf(fault: BearerdError): string {
  if (fault instanceof TokenRequestError) return fault.failure.reason;
  return fault.code.replace(/^BEARERD_/, '').toLowerCase();
}

function sideOf(fault: BearerdError, upstreamStatus: number | undefined): Side {
  if (upstreamStatus !== undefined) return 'API';
  return networkCodes.test(fault.code) ? 'network' : 'yours';
}
