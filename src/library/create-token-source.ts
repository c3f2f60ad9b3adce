import { systemClock } from '../clock.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { readCredential } from '../config/credential.ts';
import type { ParseContext } from '../config/input.ts';
import { objectInput } from '../config/object-input.ts';
import type { HeldToken } from '../token/held-token.ts';
import { TokenRequestError } from '../token/provider.ts';
import { type SubjectLease, SubjectTokens } from '../token/subject-tokens.ts';
import { createTokenCache } from '../token/token-cache.ts';
import type { TokenSnapshot } from '../token/token-snapshot.ts';
import { TokenSource } from '../token/token-source.ts';
import { type EmbeddingOptions, embeddedLog, embedding } from './settings.ts';

/** What a token source may be told besides its credential. */
export interface TokenSourceOptions extends EmbeddingOptions {
  /** The API that the tokens are for; a `collaborate` credential makes its token endpoint of it. */
  readonly upstream?: string;
}

/** A token to send. */
export interface Token {
  /** The bare access token. */
  readonly value: string;
  /** `Bearer …`, ready for the header. */
  readonly authorization: string;
  /** Epoch milliseconds when it may no longer be sent; undefined = never. */
  readonly expiresAtMs: number | undefined;
  /** Counts up with each token; safe to log. */
  readonly generation: number;
}

/** Tokens of one credential: cached, refreshed ahead of their end, one request at a time, failures remembered. */
export interface EmbeddedTokenSource {
  /**
   * The token to send now, with at least min(60 s, a fifth of its life) left wherever such a one can be had.
   * @param who for a credential with `subjectToken: { header }`, the subject token of the caller
   * @throws TokenRequestError when there is no usable token and none can be had
   */
  getToken(who?: { readonly subject?: string }): Promise<Token>;
  /** The API refused this token: unless it has been replaced already, the next getToken() asks for another one. */
  reject(token: Token): void;
  /** The present state, without the token; not of a credential with subjects. */
  snapshot(): TokenSnapshot;
  /** Ends what is under way; a token that is still usable is still handed out. */
  close(): Promise<void>;
}

/**
 * Makes a source of tokens from a credential as docs/configuration.md has it. It asks for nothing before getToken().
 * @throws ConfigurationError with every problem of the credential
 */
export async function createTokenSource(
  credential: Readonly<Record<string, unknown>>,
  options: TokenSourceOptions = {},
): Promise<EmbeddedTokenSource> {
  const { env, cwd, providers } = embedding(options);
  const context: ParseContext = { env, cwd, problems: [] };
  const upstreams = options.upstream === undefined ? [] : [options.upstream];
  const part = { at: '', name: 'default', input: objectInput(credential, context) };
  const config = readCredential(part, { upstreams, collaborate: false, certain: true }, providers, context);
  const failed = context.problems.some(({ severity }) => severity === 'error');
  if (config === undefined || failed) throw new ConfigurationError(context.problems);

  const log = await embeddedLog(options, 'info');
  const provider = config.create({ clock: systemClock, log, upstreams, wantsJwt: false });
  const events = { requestEnded: () => {}, refreshShared: () => {}, becameCurrent: () => {} };
  const deps = { clock: systemClock, random: Math.random, events, quota: config.maxTokenRequests };
  const shared = new TokenSource(config.fingerprint, provider, createTokenCache(1), { ...deps, log });
  const logFor = (subject: string) => log.child({ subject });
  const subjects = provider.subjects && new SubjectTokens(provider, provider.subjects, { ...deps, logFor });
  /** What each token that was handed out is, and whose. */
  const handedOut = new WeakMap<Token, { readonly held: HeldToken; readonly subject: string | undefined }>();

  function lease(subject: string | undefined): SubjectLease {
    if (subjects === undefined) return { source: shared, done: () => {} };
    if (subject === undefined) throw noSubject();
    return subjects.lease(subject);
  }

  return {
    async getToken({ subject } = {}) {
      const { source, done } = lease(subject);
      try {
        const held = await source.get(false);
        const { value, requestedAtMs, lifetimeMs } = held.token;
        const expiresAtMs = lifetimeMs === undefined ? undefined : requestedAtMs + lifetimeMs;
        const token = { value, authorization: held.authorization, expiresAtMs, generation: held.generation };
        handedOut.set(token, { held, subject });
        return token;
      } finally {
        done();
      }
    },
    reject(token) {
      const known = handedOut.get(token);
      if (known === undefined) return;
      const { source, done } = lease(known.subject);
      source.reject(known.held);
      done();
    },
    snapshot: () => shared.snapshot(),
    async close() {
      shared.close();
      subjects?.close();
      await provider.close?.();
      log.flush();
    },
  };
}

function noSubject(): TokenRequestError {
  return new TokenRequestError('This credential gets tokens for subjects, and none was given.', {
    kind: 'permanent',
    reason: 'no_subject',
    action: 'Call getToken({ subject }) with the subject token of the caller.',
  });
}
