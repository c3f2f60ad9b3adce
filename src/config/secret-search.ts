/** Longer windows would not be found faster; a shift has to fit into a byte. */
const longestWindow = 64;

/**
 * Finds out whether a text holds one of many others, in one walk however many they are (Wu and Manber, "A fast
 * algorithm for multi-pattern searching", 1994). A search for each of them costs as much for each as the walk for all.
 */
export class SecretSearch {
  /** What is looked for. */
  readonly texts: readonly string[];
  /** Characters from which a text is recognised: its first ones, as many as the shortest has. */
  readonly #window: number;
  /** How far a window may be moved, by its last two characters. */
  readonly #shifts = new Uint8Array(0x1_0000);
  /** The texts whose window ends in two characters. */
  readonly #ending = new Map<number, string[]>();

  /** @param texts of at least two characters each */
  constructor(texts: readonly string[]) {
    this.texts = texts;
    this.#window = texts.reduce((shortest, { length }) => Math.min(shortest, length), longestWindow);
    this.#shifts.fill(this.#window - 1);
    for (const text of texts) this.#learn(text);
  }

  /** One of the texts is in this one. */
  foundIn(text: string): boolean {
    const { length } = text;
    const window = this.#window;
    const shifts = this.#shifts;
    let end = window;
    while (end <= length) {
      const pair = pairAt(text, end);
      const shift = shifts[pair] ?? 0;
      if (shift === 0 && this.#startsAt(text, end - window, pair)) return true;
      end += shift || 1;
    }
    return false;
  }

  #learn(text: string): void {
    for (let end = 2; end <= this.#window; end += 1) {
      const pair = pairAt(text, end);
      this.#shifts[pair] = Math.min(this.#shifts[pair] ?? 0, this.#window - end);
    }
    const pair = pairAt(text, this.#window);
    const others = this.#ending.get(pair);
    if (others === undefined) this.#ending.set(pair, [text]);
    else others.push(text);
  }

  #startsAt(text: string, at: number, pair: number): boolean {
    const candidates = this.#ending.get(pair);
    if (candidates === undefined) return false;
    for (const candidate of candidates) if (text.startsWith(candidate, at)) return true;
    return false;
  }
}

/** The low bytes of the two characters before a place; others with the same are told apart by the comparison. */
function pairAt(text: string, end: number): number {
  return ((text.charCodeAt(end - 2) & 0xff) << 8) | (text.charCodeAt(end - 1) & 0xff);
}
