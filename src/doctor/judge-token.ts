import { showsAcceptance } from '../challenge/classify.ts';
import type { Evidence } from '../challenge/contradiction/evidence.ts';
import { contradictions } from '../challenge/contradictions.ts';
import { viewOf } from '../token/token-view.ts';
import { findingOf } from './contradicting.ts';
import type { Examination } from './examination.ts';

/** Compares the token with everything that is known; its sections are shown with the report. */
export function examineToken(evidence: Evidence): Examination {
  const { token, answer } = evidence;
  const taken = answer !== undefined && showsAcceptance(answer.status);
  const findings = contradictions(evidence).map((one) => findingOf(one, taken));
  const { jwt, sections, characters } = viewOf(token, evidence.keys);
  const form = jwt
    ? 'a JWT of 3 sections'
    : `${sections} ${sections === 1 ? 'section' : 'sections'}, ${characters} characters: not a JWT`;
  const compared =
    evidence.expect === undefined ? ['without expect, only compared with what is documented and published'] : [];
  const lines = [form, ...compared, ...findings.map(({ sentence }) => sentence)];
  return { question: 'token', state: findings.length === 0 ? 'good' : 'bad', lines, findings };
}
