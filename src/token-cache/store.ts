/** Something kept under a name. */
export interface Stored {
  readonly text: string;
  /** Milliseconds until it ends by the clock of the store; undefined = the store cannot say. */
  readonly leftMs: number | undefined;
}

/**
 * A place that several processes read and write. It knows nothing of tokens: names are hashes, texts are encrypted.
 * Every method but close() throws a StoreUnavailable when the place does not answer, within about a second.
 */
export interface Store {
  /** What is under these names, in their order; undefined = nothing. */
  readonly read: (names: readonly string[]) => Promise<readonly (Stored | undefined)[]>;
  /** Puts a text under a name, in place of what is there, for as many milliseconds. */
  readonly write: (name: string, text: string, lifeMs: number) => Promise<void>;
  /** Removes it if it is still this text. */
  readonly drop: (name: string, text: string) => Promise<void>;
  /** Takes a lock for as many milliseconds; false = somebody else has it. It ends by itself, so that nobody who dies can hold it. */
  readonly lock: (name: string, owner: string, forMs: number) => Promise<boolean>;
  /** Keeps an own lock for as many milliseconds more; one that was lost stays lost. */
  readonly extend: (name: string, owner: string, forMs: number) => Promise<void>;
  /** Lets an own lock go; somebody else's stays. */
  readonly unlock: (name: string, owner: string) => Promise<void>;
  /** Ends what it holds open; never throws. */
  readonly close: () => Promise<void>;
}

/** The store does not answer; the message says why, without secrets. */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}

/** How a store is, for log, metrics and status. */
export interface StoreState {
  /** false = each process asks for tokens by itself. */
  readonly available: boolean;
  /** Why not, in words; undefined while it is available. */
  readonly problem: string | undefined;
}

/** Told at every change and at no other time. */
export type OnStoreState = (state: StoreState) => void;
