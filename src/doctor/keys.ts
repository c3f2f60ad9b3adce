import type { KeyEvidence } from '../token/key-evidence.ts';
import type { Examination } from './examination.ts';

/** What the published keys say about the token; what follows from it is told with the token. */
export function examineKeys(keys: KeyEvidence): Examination {
  const [state, line] = wordsOf(keys);
  return { question: 'keys', state, lines: [line], findings: [] };
}

function wordsOf(keys: KeyEvidence): readonly [Examination['state'], string] {
  switch (keys.state) {
    case 'verified':
      return ['good', `a key of ${keys.url} verifies the signature`];
    case 'bad-signature':
      return ['bad', `no key of ${keys.url} verifies the signature`];
    case 'unknown-kid':
      return ['bad', `${keys.url} does not have the kid of the token; it has ${keys.published.join(', ') || 'none'}`];
    case 'not-applicable':
      return ['skipped', keys.why];
    case 'unavailable':
      return ['skipped', keys.url === undefined ? keys.why : `${keys.url}: ${keys.why}`];
  }
}
