import { htmlText, quotation } from './quotation.ts';

/** What came back from a token endpoint. */
export interface TokenAnswer {
  readonly status: number;
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The decoded body; a byte order mark is tolerated. */
  readonly text: string;
  /** Why the body could not be read ("is longer than 1 MiB"); text is then empty. */
  readonly unreadable?: string | undefined;
}

/**
 * What the body is, in words, for an answer that is no JSON object; a readable page or refusal is quoted.
 * A 2xx text is never quoted: it may be a token in a form we do not know.
 */
export function bodyDescription(answer: TokenAnswer, redact: (text: string) => string): string {
  if (answer.unreadable !== undefined) return `the body ${answer.unreadable}`;
  if (answer.text.trim() === '') return 'the body is empty';
  if (isHtml(answer)) return quoted('the body is HTML', htmlText(answer.text), redact);
  if (answer.status < 300) return `the body is not a JSON object (${answer.text.length} characters)`;
  return quoted('the body is not a JSON object', answer.text, redact);
}

function quoted(what: string, text: string, redact: (text: string) => string): string {
  const words = quotation(text, redact);
  return words === '' ? what : `${what}: ${words}`;
}

/** Whether the body is a web page, by its type or its first characters. */
export function isHtml(answer: TokenAnswer): boolean {
  return (
    /^\s*text\/html|xhtml/i.test(header(answer, 'content-type') ?? '') || /^\s*<(!doctype|html)/i.test(answer.text)
  );
}

/** The endpoint's explanation: RFC 6749 §5.2, Collaborate, Okta, Collibra and RFC 9457 member names. */
export function errorText(body: Readonly<Record<string, unknown>>): string {
  const names = [
    'error_description',
    'errorMessage',
    'errorDetail',
    'errorSummary',
    'userMessage',
    'message',
    'detail',
  ];
  const words = names.map((name) => body[name]).filter((value) => typeof value === 'string' && value !== '');
  return [...new Set(words)].join('; ');
}

/** The body as a JSON object, with or without a byte order mark; undefined for everything else. */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    // JSON.parse dies on a byte order mark (wire facts 4.7).
    const value: unknown = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
    // JSON.parse gives an object with string keys here; arrays and null are excluded.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The first value of a header field; name in lower case. */
export function header(answer: TokenAnswer, name: string): string | undefined {
  for (const [key, value] of Object.entries(answer.headers)) {
    if (key.toLowerCase() === name) return typeof value === 'string' ? value : value?.[0];
  }
  return undefined;
}
