import { createHash } from 'node:crypto';

/** A secret that was found where it must not be. */
export interface Leak {
  readonly secret: string;
  /** How it was written: `plain`, `base64`, `sha256`, … */
  readonly form: string;
  /** The text around it. */
  readonly around: string;
}

interface Needle {
  readonly secret: string;
  readonly form: string;
  readonly text: string;
}

/** Shorter ones occur by chance. */
const shortest = 8;
/** Log lines may name a token by the first 8 digits of its sha256 (wire facts 5.5), so the search starts after them. */
const hashDigits = 12;

/** Looks for planted secrets in every form in which a program may write one by accident. */
export class LeakSearch {
  readonly #needles = new Map<string, Needle>();
  readonly #secrets = new Set<string>();

  /** @param name how a finding calls the secret. */
  plant(name: string, secret: string): void {
    if (this.#secrets.has(secret)) return;
    this.#secrets.add(secret);
    for (const [form, text] of formsOf(secret)) {
      if (text.length >= shortest && !this.#needles.has(text)) this.#needles.set(text, { secret: name, form, text });
    }
  }

  /** How many secrets are looked for. */
  get size(): number {
    return this.#secrets.size;
  }

  /** Each needle that occurs in the text, once. */
  find(text: string): Leak[] {
    return [...this.#needles.values()].flatMap(({ secret, form, text: needle }) => {
      const at = text.indexOf(needle);
      return at < 0 ? [] : [{ secret, form, around: text.slice(Math.max(0, at - 120), at + needle.length + 40) }];
    });
  }
}

function formsOf(secret: string): [form: string, text: string][] {
  const bytes = Buffer.from(secret, 'utf8');
  const middle = Math.ceil(secret.length / 2);
  const forms: [string, string][] = [
    ['plain', secret],
    // A text that is cut somewhere still gives half of the secret away.
    ['first half', middle >= 12 ? secret.slice(0, middle) : ''],
    ['second half', middle >= 12 ? secret.slice(-middle) : ''],
    ['form', new URLSearchParams([['', secret]]).toString().slice(1)],
    ['percent', encodeURIComponent(secret)],
    ['JSON', JSON.stringify(secret).slice(1, -1)],
    ['latin1', Buffer.from(secret, 'utf8').toString('latin1')],
    ['hex', bytes.toString('hex')],
  ];
  for (const [encoding, form] of [
    ['base64', 'base64'],
    ['base64url', 'base64url'],
  ] as const) {
    for (const offset of [0, 1, 2]) forms.push([form, inside(bytes, offset, encoding)]);
    // As the second half of Basic credentials: form-encoded first (RFC 6749 §2.3.1).
    const formEncoded = Buffer.from(new URLSearchParams([['', secret]]).toString().slice(1));
    for (const offset of [0, 1, 2]) forms.push([`${form} of form`, inside(formEncoded, offset, encoding)]);
  }
  for (const hash of ['md5', 'sha1', 'sha256', 'sha384', 'sha512']) {
    const digest = createHash(hash).update(bytes).digest();
    forms.push(
      [hash, digest.toString('hex').slice(0, hashDigits)],
      [hash, digest.toString('base64').slice(0, hashDigits)],
    );
    forms.push([hash, digest.toString('base64url').slice(0, hashDigits)]);
  }
  for (const line of secret.split('\n')) if (/^[A-Za-z0-9+/=]{16,}$/.test(line)) forms.push(['PEM line', line]);
  // Header and claims of a token may be shown decoded; the rest is the token.
  const sections = secret.split('.');
  if (sections.length === 3) for (const section of sections.slice(1)) forms.push(['section', section]);
  return forms;
}

/** The characters that stay the same whatever stands before and behind the bytes. */
function inside(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding);
  return text.slice(offset === 0 ? 0 : 4, Math.floor((bytes.length + offset) / 3) * 4);
}
