import { cut, type Reading, readAnswer } from '../net/http1/reading.ts';
import { answerBytes } from './answer-bytes.ts';
import { type NodeReading, readByNode } from './second-reader.ts';

/** What a comparison found. */
export interface Differences {
  /** How often both, one or none took an answer. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** `n: what` for the n-th answer; `npm run fuzz -- --seed SEED --answer n` repeats it. */
  readonly faults: readonly string[];
}

/** Where we take what Node refuses or reads in another way, and why; both have to match. */
const known: readonly { readonly why: string; readonly refusal: RegExp; readonly bytes: RegExp }[] = [
  {
    why: 'an extension of a chunk is ignored (RFC 9112 §7.1.1), whatever it has but control characters',
    refusal: /chunk extension/,
    bytes: /[0-9a-f];/i,
  },
  {
    why: 'white space in front of an extension is allowed (§7.1.1)',
    refusal: /Invalid character in chunk size/,
    bytes: /[0-9a-f][\t ]+;/i,
  },
  {
    why: 'a tab around a value is no part of it (§5.1)',
    refusal: /^$|Invalid character in Content-Length/,
    bytes: /(transfer-encoding|content-length):[^\r\n]*\t/i,
  },
  {
    why: 'a trailer frames nothing (RFC 9110 §6.5.1); such ones are not handed on',
    refusal: /Content-Length can't be present/,
    bytes: /\r\n0+(;[^\r\n]*)?\r\n[\s\S]*content-length/i,
  },
  {
    why: 'the answer comes behind the informational heads, whatever their version or Connection field says',
    refusal: /Data after `Connection: close`/,
    bytes: /HTTP\/1.[01] 1[0-9]{2}/,
  },
];

/** Reads this many answers with our parser and with Node's, which have to agree on whatever we take. */
export async function differences(seed: number, count: number, only?: number): Promise<Differences> {
  const verdicts: Record<string, number> = {};
  const faults: string[] = [];
  const first = only ?? 0;
  for (let n = first; n < (only === undefined ? count : first + 1) && faults.length < 20; n += 1) {
    const { method, bytes, places } = answerBytes(seed, n);
    const whole = Buffer.from(bytes, 'latin1');
    const ours = readAnswer(cut(whole, places), method, true);
    // what stands behind the end is nobody's, and Node reads on
    const theirs = await readByNode(whole.subarray(0, whole.length - ours.rest), method);
    const verdict = `ours ${ours.end}, Node's ${theirs.end}`;
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    const fault = difference(bytes, ours, theirs) ?? (await endsTooEarly(ours, whole, method));
    if (fault !== undefined) faults.push(`${n}: ${fault}: ${method} ${JSON.stringify(bytes)}`);
  }
  return { verdicts, faults };
}

/** There is more of the body behind our end of it, as Node sees it. */
async function endsTooEarly(ours: Reading, whole: Buffer, method: string): Promise<string | undefined> {
  if (ours.end !== 'over' || ours.rest === 0) return undefined;
  const { body } = await readByNode(whole, method);
  return body.length > ours.body.length ? `Node reads on: ${JSON.stringify(body)}` : undefined;
}

/** An answer that is not whole is none, whoever refuses it and why; but no head is believed that Node would not believe. */
function difference(text: string, ours: Reading, theirs: NodeReading): string | undefined {
  const told = theirs.heads.slice(0, ours.heads.length).map(([status, reason, fields]) => {
    // which only we hand on without the control characters
    return [status, reason.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?'), fields];
  });
  const parts: [what: string, ours: unknown, theirs: unknown][] = [['heads', ours.heads, told]];
  if (ours.end === 'over') {
    parts.push(['end', ours.end, theirs.end]);
    parts.push(['body', ours.body, theirs.body]);
    parts.push(['trailers', ours.trailers, theirs.trailers]);
  } else if (ours.end === 'open' && theirs.end === 'over') parts.push(['end', ours.end, theirs.end]);
  for (const [what, mine, other] of parts) {
    const [left, right] = [JSON.stringify(mine), JSON.stringify(other)];
    if (left !== right && !known.some(({ refusal, bytes }) => refusal.test(theirs.refusal) && bytes.test(text)))
      return `${what}: ours ${left}, Node's ${right} (${theirs.refusal})`;
  }
  return undefined;
}
