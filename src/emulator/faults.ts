/** Where a fault strikes: requests to the token endpoint, or all others. Key sets and the control endpoints have their own switches. */
export type FaultPlace = 'token' | 'api';

/** Faults that stay until they are taken back. */
export interface FaultSettings {
  /** Milliseconds that every answer is held back. */
  readonly slowMs?: number;
  /** Status of every answer, instead of the real one. */
  readonly status?: number;
  /** Whole seconds for Retry-After beside `status`. */
  readonly retryAfterSeconds?: number;
  /** Every answer is an HTML page, with `status` or 200. */
  readonly html?: boolean;
  /** Connections are closed without an answer once the request has arrived. */
  readonly down?: boolean;
  /** Collibra, Collaborate: every token is refused with this code, whatever it is. */
  readonly refuse?: string;
  /** Limits the faults above to one place; default both. */
  readonly at?: FaultPlace;
  /** How many requests meet the faults above before they end by themselves; default no end. */
  readonly times?: number;
  /** Content coding of 401 bodies. */
  readonly encoding?: 'gzip' | 'br' | 'deflate';
  /** IdP: the key set is not served, connections to it are closed. */
  readonly jwksDown?: boolean;
  /** Seconds of life of the tokens issued from now on. */
  readonly lifetimeSeconds?: number;
  /** IdP: header `typ` of the tokens issued from now on; the empty string leaves it out. */
  readonly typ?: string;
  /** IdP: header `kid` of the tokens issued from now on, whatever key signs them; the empty string leaves it out. */
  readonly kid?: string;
  /** IdP: tokens issued from now on are signed with a shared secret (HS256), or not at all. */
  readonly algorithm?: 'HS256' | 'none';
  /** IdP: tokens issued from now on are signed with a key that is not published, under the kid of one that is. */
  readonly forged?: boolean;
  /** IdP: tokens issued from now on are no JWTs. */
  readonly opaque?: boolean;
  /** IdP: `iss`, `aud` and `sub` of the tokens issued from now on. */
  readonly issuer?: string;
  readonly audience?: string;
  readonly subject?: string;
}

/** Things that happen once. `rotateKeys: "keep"` goes on publishing the old key; true withdraws it, so its tokens stop verifying. */
export interface FaultActions {
  readonly rotateKeys?: true | 'keep';
  /** Refuse as revoked every token issued so far. */
  readonly revoke?: true;
  /** Treat as expired every token issued so far. */
  readonly expire?: true;
}

/** What `POST /__faults` takes: null takes a setting back, `reset` takes all of them back first. */
export type FaultChange = { readonly [K in keyof FaultSettings]?: FaultSettings[K] | null } & FaultActions & {
    readonly reset?: true;
  };

/** What an emulator does when an action is asked for; a missing one is refused. */
export type ActionHandlers = {
  readonly [K in keyof FaultActions]?: (value: NonNullable<FaultActions[K]>) => void | Promise<void>;
};

/** The faults that one request meets. */
export type FaultsMet = Pick<FaultSettings, 'slowMs' | 'status' | 'retryAfterSeconds' | 'html' | 'down' | 'refuse'>;

type Check = readonly [(value: unknown) => boolean, string];
const text: Check = [(value) => typeof value === 'string', 'a string'];
const flag: Check = [(value) => typeof value === 'boolean', 'true or false'];
const whole = (least: number, most: number): Check => [
  (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
  `a whole number from ${least} to ${most}`,
];
const oneOf = (...values: readonly unknown[]): Check => [
  (value) => values.includes(value),
  `one of ${values.join(', ')}`,
];

const settingChecks: Readonly<Record<keyof FaultSettings, Check>> = {
  slowMs: whole(0, 600_000),
  status: whole(200, 599),
  retryAfterSeconds: whole(0, 86_400),
  html: flag,
  down: flag,
  refuse: text,
  at: oneOf('token', 'api'),
  times: whole(1, 1_000_000),
  encoding: oneOf('gzip', 'br', 'deflate'),
  jwksDown: flag,
  lifetimeSeconds: whole(1, 31_536_000),
  typ: text,
  kid: text,
  algorithm: oneOf('HS256', 'none'),
  forged: flag,
  opaque: flag,
  issuer: text,
  audience: text,
  subject: text,
};
const actionChecks: Readonly<Record<keyof FaultActions, Check>> = {
  rotateKeys: oneOf(true, 'keep'),
  revoke: oneOf(true),
  expire: oneOf(true),
};
const ending: readonly (keyof FaultSettings)[] = [
  'slowMs',
  'status',
  'retryAfterSeconds',
  'html',
  'down',
  'refuse',
  'at',
  'times',
];

/** The faults of one emulator, the same for its control endpoint and for the program that started it. */
export class Faults {
  readonly #supported: readonly (keyof FaultSettings)[];
  readonly #actions: ActionHandlers;
  #settings: FaultSettings = {};

  /** @param supported the settings that mean something to this emulator; others are refused. */
  constructor(supported: readonly (keyof FaultSettings)[], actions: ActionHandlers) {
    this.#supported = supported;
    this.#actions = actions;
  }

  /** The settings in force. */
  get current(): FaultSettings {
    return this.#settings;
  }

  /**
   * Changes settings, then performs the actions.
   * @throws TypeError that names every problem; nothing has changed then.
   */
  async apply(change: FaultChange): Promise<void> {
    const problems = Object.entries(change).flatMap(([name, value]) => this.#problem(name, value));
    if (problems.length > 0) throw new TypeError(problems.join('; '));
    const { reset, rotateKeys, revoke, expire, ...settings } = change;
    const kept = Object.entries({ ...(reset ? {} : this.#settings), ...settings }).filter(
      ([, value]) => value !== null,
    );
    // The checks above have compared every name and value with the interface.
    this.#settings = Object.fromEntries(kept) as FaultSettings;
    if (rotateKeys !== undefined) await this.#actions.rotateKeys?.(rotateKeys);
    if (revoke !== undefined) await this.#actions.revoke?.(revoke);
    if (expire !== undefined) await this.#actions.expire?.(expire);
  }

  /** The same from JSON text. @throws SyntaxError or TypeError; nothing has changed then. */
  async applyJson(text: string): Promise<void> {
    const change: unknown = JSON.parse(text);
    if (typeof change !== 'object' || change === null || Array.isArray(change))
      throw new TypeError('write a JSON object');
    // apply() itself checks every member.
    await this.apply(change as FaultChange);
  }

  /** The faults that a request to this place meets; counts `times` down. */
  meet(place: FaultPlace): FaultsMet {
    const { slowMs, status, retryAfterSeconds, html, down, refuse, at, times } = this.#settings;
    const refused = place === 'api' ? refuse : undefined;
    const struck = slowMs !== undefined || status !== undefined || html || down || refused !== undefined;
    if (!struck || (at ?? place) !== place) return {};
    if (times !== undefined) this.#settings = times > 1 ? { ...this.#settings, times: times - 1 } : this.#ended();
    return {
      ...(slowMs === undefined ? {} : { slowMs }),
      ...(status === undefined ? {} : { status }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
      ...(html === undefined ? {} : { html }),
      ...(down === undefined ? {} : { down }),
      ...(refused === undefined ? {} : { refuse: refused }),
    };
  }

  #ended(): FaultSettings {
    const rest = Object.entries(this.#settings).filter(([name]) => !ending.some((one) => one === name));
    // A part of valid settings is valid: every member is optional.
    return Object.fromEntries(rest) as FaultSettings;
  }

  #problem(name: string, value: unknown): string[] {
    if (name === 'reset') return value === true ? [] : ['reset must be true'];
    const setting = this.#supported.find((known) => known === name);
    const action = Object.keys(this.#actions).find((known) => known === name);
    if (setting !== undefined) {
      const [valid, form] = settingChecks[setting];
      return value === null || valid(value) ? [] : [`${name} must be ${form}, or null`];
    }
    if (action === 'rotateKeys' || action === 'revoke' || action === 'expire') {
      const [valid, form] = actionChecks[action];
      return valid(value) ? [] : [`${name} must be ${form}`];
    }
    const known = ['reset', ...Object.keys(this.#actions), ...this.#supported];
    return [`${name} is no fault of this emulator, which knows ${known.join(', ')}`];
  }
}

/** Settings that every emulator understands. */
export const commonFaults: readonly (keyof FaultSettings)[] = [
  'slowMs',
  'status',
  'retryAfterSeconds',
  'html',
  'down',
  'at',
  'times',
  'encoding',
  'lifetimeSeconds',
];
