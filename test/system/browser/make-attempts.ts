import type { Chromium } from '../../support/chromium.ts';
import type { BrowserAttempt } from './attempts.ts';

/** Where attempts are made from, and what they aim at. */
export interface Scene {
  readonly chromium: Chromium;
  /** Origin of the page. */
  readonly page: string;
  /** Origin of the server that the page comes from, and which redirects; the same but where a name is bound anew. */
  readonly home: string;
  /** Another origin of whoever wrote it. */
  readonly other: string;
  /** Origin that an attempt aims at. */
  readonly target: (attempt: BrowserAttempt) => string;
  /** Called when the page has loaded. */
  readonly loaded?: () => void;
}

/** How it is known that an attempt has come to its end. */
export interface Outcome {
  readonly seen: (path: string) => boolean;
  readonly told: (what: string) => void;
}

/** Milliseconds for one attempt; generous, because the machine is shared. */
const patienceMs = 30_000;

/** Makes attempts from one page, each with a path of its own, and waits for the outcome of each. @throws Error when one has none */
export async function makeAttempts(
  { chromium, page: origin, home, other, target, loaded }: Scene,
  attempts: readonly BrowserAttempt[],
  { seen, told }: Outcome,
): Promise<void> {
  const page = await chromium.newPage();
  await page.open(`${origin}/`);
  loaded?.();
  for (const [index, attempt] of attempts.entries()) {
    const path = `/attempt-${index}`;
    const names = { home, other, target: target(attempt) + path };
    // an answer that the page may not read is no failure of the attempt
    await page.evaluate(`{
      const { home, other, target } = ${JSON.stringify(names)};
      addEventListener('unhandledrejection', (event) => event.preventDefault(), { once: true });
      ${attempt.script};
      undefined;
    }`);
    const end = Date.now() + patienceMs;
    while (!seen(path)) {
      if (Date.now() > end) throw new Error(`${attempt.what}: nothing was seen of it`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    told(attempt.what);
  }
  await page.close();
}
