import { complain } from '../input.ts';
import { type Complaint, invalid, type Shape, type Spec } from '../shape.ts';
import { lastKey, leaf, type Present, present, readText } from './leaf.ts';

interface UrlSpec extends Spec<string> {
  readonly default?: string;
  /** A query is kept where it is allowed (a token endpoint, RFC 6749 §3.2); refused by default. */
  readonly query?: 'allowed';
}

/** An absolute http or https URL without user name, fragment or (by default) query, as written. */
export function url<const S extends UrlSpec>(spec: S): Shape<Present<string, S>> {
  const example = spec.example ?? 'https://api.example.com';
  return present(
    leaf<string>({
      type: 'URL',
      spec: { ...spec, example },
      schema: { type: 'string', pattern: '^https?://|\\$\\{' },
      fallback: spec.default,
      defaultText: spec.default,
      read(input, path, context) {
        const text = readText(input, path, context, 'URL', `write ${lastKey(path)}: ${example}`);
        if (text === invalid) return invalid;
        const complaint = complaintAboutUrl(text, spec.query === 'allowed', example);
        if (complaint === undefined) return text;
        complain(context, input.origin, path, complaint.problem, complaint.cure);
        return invalid;
      },
    }),
  );
}

function complaintAboutUrl(text: string, queryAllowed: boolean, example: string): Complaint | undefined {
  const parsed = URL.canParse(text) ? new URL(text) : undefined;
  if (parsed === undefined || parsed.host === '') {
    const scheme = /^[\w.-]+(:\d+)?(\/|$)/.test(text) ? `https://${text}` : example;
    return { problem: 'is not an absolute URL', cure: `write the scheme too, for example ${scheme}` };
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    return { problem: `has the scheme ${parsed.protocol.slice(0, -1)}`, cure: 'write an https:// URL' };
  }
  // The text is not shown: the user part may be a password.
  if (parsed.username !== '' || parsed.password !== '') {
    return {
      problem: 'contains a user name or password',
      cure: 'remove what stands before the @; secrets have their own keys',
    };
  }
  if (text.includes('#')) return { problem: 'has a fragment', cure: 'remove the # and what follows' };
  if (!queryAllowed && text.includes('?')) return { problem: 'has a query', cure: 'remove the ? and what follows' };
  return undefined;
}
