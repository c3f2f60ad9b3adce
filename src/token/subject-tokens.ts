import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Log } from '../log.ts';
import type { SubjectTokenRequests, TokenProvider } from './provider.ts';
import { quotaOf } from './quota.ts';
import { createTokenCache } from './token-cache.ts';
import type { Closing } from './token-request.ts';
import { TokenSource, type TokenSourceDeps } from './token-source.ts';

/** Subjects whose tokens are kept at a time: at 16 KiB per subject token and as much per access token, 160 MB at the very most. */
export const mostSubjects = 5_000;

/** What a family of token sources needs; the log is made per subject. */
export interface SubjectTokensDeps extends Omit<TokenSourceDeps, 'log'> {
  /** @param subject first 8 hex digits of the subject token's SHA-256: tells subjects apart in logs. */
  readonly logFor: (subject: string) => Log;
}

/** The source of one subject's tokens, for as long as somebody uses it. */
export interface SubjectLease {
  readonly source: TokenSource;
  /** Call it once, when the source is not used any more. */
  readonly done: () => void;
}

/** One subject's source and how many use it. */
interface Member {
  readonly source: TokenSource;
  users: number;
  evicted: boolean;
}

/**
 * The tokens of one credential whose callers each have their own: one token source per subject, by the hash of the
 * subject token, the least recently used one closed when there are too many.
 */
export class SubjectTokens {
  readonly #members: LRUCache<string, Member>;
  readonly #provider: Pick<TokenProvider, 'secretsChanged'>;
  readonly #requests: SubjectTokenRequests;
  readonly #deps: SubjectTokensDeps;
  #closed: Closing | undefined;

  constructor(
    provider: Pick<TokenProvider, 'secretsChanged'>,
    requests: SubjectTokenRequests,
    deps: SubjectTokensDeps,
    most: number = mostSubjects,
  ) {
    this.#provider = provider;
    this.#requests = requests;
    // One quota for all subjects: the identity provider sends one bill.
    this.#deps = { ...deps, quota: quotaOf(deps.quota) };
    this.#members = new LRUCache<string, Member>({
      max: most,
      dispose: (member) => {
        member.evicted = true;
        if (member.users === 0) member.source.close();
      },
    });
  }

  /** Lower-case name of the request header field that has the subject token. */
  get header(): string {
    return this.#requests.header;
  }

  /** How many subjects have a source now. */
  get size(): number {
    return this.#members.size;
  }

  /** The source of this subject, made where there is none. */
  lease(subjectToken: string): SubjectLease {
    const hash = createHash('sha256').update(subjectToken).digest('hex');
    const member = this.#members.get(hash) ?? this.#join(hash, subjectToken);
    member.users += 1;
    return {
      source: member.source,
      done: () => {
        member.users -= 1;
        if (member.users === 0 && member.evicted) member.source.close();
      },
    };
  }

  /** Ends the failure memory of every subject. */
  forgive(): void {
    for (const { source } of this.#members.values()) source.forgive();
  }

  /** Closes every source, and those that are made after. */
  close(): void {
    this.#closed ??= 'stopping';
    for (const member of this.#members.values()) member.source.close();
  }

  /** Closes each source for a reload as soon as nobody waits for its token, and those that are made after at once. */
  async retire(): Promise<void> {
    this.#closed ??= 'replaced';
    await Promise.all([...this.#members.values()].map(({ source }) => source.retire()));
  }

  #join(hash: string, subjectToken: string): Member {
    this.#forgetLapsed();
    const { logFor, ...deps } = this.#deps;
    const { secretsChanged } = this.#provider;
    const request: TokenProvider = {
      requestToken: (signal) => this.#requests.requestToken(subjectToken, signal),
      ...(secretsChanged === undefined ? {} : { secretsChanged }),
    };
    // A cache of its own: a token must not outlive its source here, nor push out those of other credentials.
    const source = new TokenSource(hash, request, createTokenCache(1), { ...deps, log: logFor(hash.slice(0, 8)) });
    if (this.#closed !== undefined) source.close(this.#closed);
    const member: Member = { source, users: 0, evicted: false };
    this.#members.set(hash, member);
    return member;
  }

  /** A subject token is somebody's credential: it is not kept longer than it serves. Two per newcomer keep up with any growth. */
  #forgetLapsed(): void {
    let looks = 2;
    for (const hash of this.#members.rkeys()) {
      const member = this.#members.peek(hash);
      if (member !== undefined && member.users === 0 && hasLapsed(member.source, this.#deps.clock.nowMs())) {
        this.#members.delete(hash);
      }
      looks -= 1;
      if (looks === 0) break;
    }
  }
}

/** It has no token, asks for none, and remembers no failure that would still keep callers away. */
function hasLapsed(source: TokenSource, nowMs: number): boolean {
  const { usable, refreshing, lastFailure } = source.snapshot();
  return !usable && !refreshing && (lastFailure === undefined || lastFailure.retryAtMs <= nowMs);
}
