import type { Enquiry } from '../config/provider-definition.ts';
import { type IssuerContact, TokenRequestError } from '../token/provider.ts';
import { type Examination, skipped } from './examination.ts';

/**
 * Reads the issuer's metadata (RFC 8414, OpenID Connect Discovery). A failure is a finding only where the token request
 * does without: otherwise that fails with the same words.
 */
export async function examineDiscovery(
  contact: IssuerContact | undefined,
  { issuer, tokenEndpoint }: Pick<Enquiry, 'issuer' | 'tokenEndpoint'>,
): Promise<Examination> {
  if (contact === undefined || issuer === undefined) return skipped('discovery', 'no issuer is configured');
  try {
    const metadata = await contact.metadata(undefined, new AbortController().signal);
    const lines = [
      `token endpoint: ${metadata?.tokenEndpoint}`,
      `keys: ${metadata?.jwksUri ?? 'the metadata names no jwks_uri'}`,
    ];
    return { question: 'discovery', state: 'good', lines, findings: [] };
  } catch (error) {
    if (!(error instanceof TokenRequestError)) throw error;
    const { message: sentence, failure, entry } = error;
    const cure = failure.action ?? entry.action;
    const finding = { id: failure.reason, side: 'yours', likelihood: 'possible', sentence, cure } as const;
    const findings = tokenEndpoint === undefined ? [] : [finding];
    return { question: 'discovery', state: 'bad', lines: [sentence], findings };
  }
}
