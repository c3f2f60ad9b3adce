import type { Clock } from '../clock.ts';
import type { CacheConfig } from '../config/option/token-cache.ts';
import type { Log } from '../log.ts';
import type { SharedTokens } from '../token/shared-tokens.ts';
import { Availability } from './availability.ts';
import { CredentialTokens } from './credential-tokens.ts';
import { FileStore } from './file-store.ts';
import { RedisStore } from './redis-store.ts';
import { KeyRing } from './sealed-token.ts';
import type { Store, StoreState } from './store.ts';

/** What sharing needs besides its settings. */
export interface TokenSharingDeps {
  readonly clock: Clock;
  /** From 0 (inclusive) to 1, like Math.random. */
  readonly random: () => number;
  readonly log: Log;
}

/** How the cache is, for status and metrics. */
export interface TokenSharingState extends StoreState {
  /** memory = nothing is shared. */
  readonly kind: 'memory' | 'redis' | 'file';
}

/** Milliseconds that a stop waits for tokens to be put away and locks to be let go. */
const longestEndMs = 1_500;

/** A store at work. */
interface Open {
  /** Equal for the same settings. */
  readonly asked: string;
  readonly kind: 'redis' | 'file';
  readonly store: Store;
  readonly keys: KeyRing;
  /** What is wrong with the store, and with the keys. */
  readonly availability: Availability;
  /** By credential. */
  readonly tokens: Map<string, CredentialTokens>;
  /** What runs on after the caller has its token. */
  readonly pending: Set<Promise<void>>;
}

/** The shared cache of `tokens.cache`; with `memory` it does nothing. A reload may give it another store. */
export class TokenSharing {
  readonly #deps: TokenSharingDeps;
  #open: Open | undefined;
  /** Those that were in use before; never rejects. */
  #ending: Promise<unknown> = Promise.resolve();

  constructor(deps: TokenSharingDeps) {
    this.#deps = deps;
  }

  /** Takes these settings over; a store that they do not change stays as it is. */
  use(config: CacheConfig): void {
    const asked = identityOf(config);
    if (this.#open?.asked === asked) return;
    const before = this.#open;
    this.#open = config.kind === 'memory' ? undefined : this.#opened(config, asked);
    if (before !== undefined) this.#ending = Promise.all([this.#ending, end(before)]);
  }

  /** The tokens of a credential, whatever the settings are at the time. @param credential see CredentialConfig.sharedName */
  tokensOf(credential: string): SharedTokens {
    return {
      obtain: (ask, wish, signal) => {
        const open = this.#open;
        if (open === undefined) return ask();
        const tokens = open.tokens.get(credential) ?? this.#credentialTokens(credential, open);
        open.tokens.set(credential, tokens);
        return tokens.obtain(ask, wish, signal);
      },
    };
  }

  /** How it is now. */
  state(): TokenSharingState {
    const open = this.#open;
    if (open === undefined) return { kind: 'memory', available: true, problem: undefined };
    return { kind: open.kind, ...open.availability.state };
  }

  /** Puts away what is still to be put away and ends the connection; never throws. */
  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await Promise.all([this.#ending, open && end(open)]);
  }

  #credentialTokens(credential: string, { store, keys, pending }: Open): CredentialTokens {
    const { clock, random } = this.#deps;
    const background = (work: Promise<void>) => {
      pending.add(work);
      void work.finally(() => pending.delete(work));
    };
    return new CredentialTokens(credential, { store, keys, clock, random, background });
  }

  #opened(config: Exclude<CacheConfig, { kind: 'memory' }>, asked: string): Open {
    const { clock, random, log } = this.#deps;
    const { kind } = config;
    const availability = new Availability((state) => tell(log, kind, state));
    return {
      asked,
      kind,
      store:
        config.kind === 'redis'
          ? new RedisStore(config, random, availability)
          : new FileStore(config.path, clock, log, availability),
      keys: new KeyRing(config.keys, log, availability),
      availability,
      tokens: new Map(),
      pending: new Set(),
    };
  }
}

function identityOf(config: CacheConfig): string {
  if (config.kind === 'memory') return config.kind;
  const keys = config.keys.map(({ fingerprint }) => fingerprint);
  const place = config.kind === 'redis' ? [config.url.fingerprint, config.ca] : [config.path];
  return JSON.stringify([config.kind, keys, place]);
}

function tell(log: Log, kind: string, { available, problem }: StoreState): void {
  if (available) {
    log.info({ event: 'token_cache_available', cache: kind }, 'The token cache can be used again');
  } else {
    const message = `The token cache cannot be used: ${problem}; until it can, this process asks for tokens by itself`;
    log.warn({ event: 'token_cache_unavailable', cache: kind, problem }, message);
  }
}

async function end({ pending, store }: Open): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, longestEndMs);
  });
  await Promise.race([Promise.allSettled([...pending]), late]);
  clearTimeout(timer);
  await store.close();
}
