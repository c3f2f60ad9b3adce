import type { Alternative, ProviderContext } from '../config/provider-definition.ts';
import { networkTrouble } from '../provider/network-failure.ts';
import { blamesProof } from '../provider/suspicion.ts';
import type { HeldToken, TokenLease } from '../token/held-token.ts';
import { TokenRequestError } from '../token/provider.ts';
import type { Examination } from './examination.ts';
import type { Finding, Side } from './finding.ts';

/** What a token request needs. */
export interface TokenQuestion {
  readonly source: Pick<TokenLease, 'get'>;
  /** Tried when the client is refused; none where each token request counts (maxTokenRequests). */
  readonly alternatives: readonly Alternative[];
  readonly context: ProviderContext;
  /** More about a certificate that is not trusted, by the origin that showed it. */
  readonly issuerHint: (origin: string) => string | undefined;
  /** Where the token request goes; undefined = not known. */
  readonly url: string | undefined;
}

/** What came of the token request. */
export interface TokenOutcome {
  readonly examination: Examination;
  readonly held: HeldToken | undefined;
}

/** Names of findings that say more than the reason does. */
const names: Readonly<Record<string, string>> = { http_407: 'proxy_in_the_way' };

const sides: Readonly<Record<string, Side>> = {
  access_denied: 'IdP',
  egress_proxy_refused: 'network',
  egress_proxy_timeout: 'network',
  egress_proxy_unreachable: 'network',
  aborted: 'network',
  http_403: 'IdP',
  proxy_in_the_way: 'network',
  name: 'network',
  refused: 'network',
  route: 'network',
  lost: 'network',
  timeout: 'network',
  tls: 'network',
  server_error: 'IdP',
  temporarily_unavailable: 'IdP',
  unauthorized_client: 'IdP',
  unsupported_grant_type: 'IdP',
};

/**
 * Asks for a token as a request would. Where the client is refused, the other ways to write the same credentials are
 * tried, once each: what works is the cure.
 */
export async function examineTokenRequest(question: TokenQuestion): Promise<TokenOutcome> {
  const startedMs = performance.now();
  try {
    const held = await question.source.get(true);
    const tookMs = Math.round(performance.now() - startedMs);
    const { requestedAtMs, lifetimeMs } = held.token;
    const until =
      lifetimeMs === undefined
        ? 'it never expires'
        : `good until ${new Date(requestedAtMs + lifetimeMs).toISOString()}`;
    const lines = [`a token in ${tookMs} ms, ${until}`];
    return { examination: { question: 'token request', state: 'good', lines, findings: [] }, held };
  } catch (error) {
    if (!(error instanceof TokenRequestError)) throw error;
    const { tried, works } = await tryOthers(error, question);
    const lines = [
      error.message,
      ...tried.map((write) => `tried ${write}: ${write === works ? 'a token' : 'refused, too'}`),
    ];
    const finding = works === undefined ? findingOf(error, question) : cureThatWorked(error, works);
    return { examination: { question: 'token request', state: 'bad', lines, findings: [finding] }, held: undefined };
  }
}

async function tryOthers(
  error: TokenRequestError,
  { alternatives, context }: TokenQuestion,
): Promise<{ readonly tried: readonly string[]; readonly works: string | undefined }> {
  const { kind, reason } = error.failure;
  const tried: string[] = [];
  if (kind !== 'permanent' || !blamesProof(reason)) return { tried, works: undefined };
  for (const { write, create } of alternatives) {
    tried.push(write);
    const provider = create(context);
    try {
      await provider.requestToken(new AbortController().signal);
      return { tried, works: write };
    } catch (again) {
      if (!(again instanceof TokenRequestError)) throw again;
    } finally {
      await provider.close?.();
    }
  }
  return { tried, works: undefined };
}

function cureThatWorked(error: TokenRequestError, write: string): Finding {
  const suspicion = error.failure.suspicion;
  return {
    id: suspicion ?? (write.startsWith('basicEncoding') ? 'basic_encoding' : 'client_authentication'),
    side: 'yours',
    likelihood: 'certain',
    sentence: error.message,
    cure: `Write ${write}: tried with the same clientId and clientSecret, it brings a token.`,
  };
}

/** The failure of a token request as a finding; the sentence is the one that a failing request is answered with. */
export function findingOf(
  error: TokenRequestError,
  { issuerHint, url }: Pick<TokenQuestion, 'issuerHint' | 'url'>,
): Finding {
  const { reason, suspicion, cause } = error.failure;
  const id = suspicion ?? (reason === 'unreachable' ? networkTrouble(cause) : (names[reason] ?? reason));
  const hint = id === 'certificate' && url !== undefined ? issuerHint(new URL(url).origin) : undefined;
  const cure = error.occurrence.action ?? error.entry.action;
  return {
    id,
    side: sides[id] ?? (/^http_5/.test(id) ? 'IdP' : 'yours'),
    likelihood: 'certain',
    sentence: error.message,
    cure: hint === undefined ? cure : `${cure} ${hint}`,
  };
}
