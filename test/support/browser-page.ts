import type { DevTools, Fields } from './devtools.ts';

/** How a page is shown. */
export interface PageLook {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
  /** prefers-reduced-motion. */
  readonly reducedMotion?: boolean;
}

/** Something that the browser complained or told about. */
export interface ConsoleEntry {
  /** error, warning, log …; an exception that nobody caught is an error. */
  readonly level: string;
  readonly text: string;
}

/** A request that the page made, or tried to. */
export interface PageRequest {
  readonly method: string;
  readonly url: string;
  /** Of the answer; undefined = none has come. */
  status: number | undefined;
  /** Why there was none, in the words of the browser. */
  failure: string | undefined;
}

/** Milliseconds that a condition may take; generous, because the machine is shared. */
const patienceMs = 30_000;

/** Codes of the keys that tests press; a letter or a digit is its own. */
const keys: Readonly<Record<string, { readonly code: number; readonly text?: string }>> = {
  Enter: { code: 13, text: '\r' },
  Escape: { code: 27 },
  Tab: { code: 9 },
  ' ': { code: 32, text: ' ' },
  ArrowUp: { code: 38 },
  ArrowDown: { code: 40 },
  ArrowLeft: { code: 37 },
  ArrowRight: { code: 39 },
  Home: { code: 36 },
  End: { code: 35 },
  PageUp: { code: 33 },
  PageDown: { code: 34 },
};

/** One page of a browser, driven over the DevTools protocol. */
export class BrowserPage {
  /** Everything on the console, refused resources and uncaught exceptions included. */
  readonly console: ConsoleEntry[] = [];
  /** Every request, in order. */
  readonly requests: PageRequest[] = [];
  readonly #tools: DevTools;
  readonly #session: string;
  readonly #target: string;
  readonly #byId = new Map<unknown, PageRequest>();
  #loads = 0;

  private constructor(tools: DevTools, target: string, session: string) {
    this.#tools = tools;
    this.#target = target;
    this.#session = session;
    tools.listen(session, (method, params) => this.#event(method, params));
  }

  /** Makes a page in the browser at the other end; Chromium.newPage calls it. */
  static async attach(tools: DevTools): Promise<BrowserPage> {
    const { targetId } = await tools.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await tools.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new BrowserPage(tools, String(targetId), String(sessionId));
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`);
    return page;
  }

  /** Any command of the protocol, for this page. */
  send(method: string, params: object = {}): Promise<Fields> {
    return this.#tools.send(method, params, this.#session);
  }

  /** Goes to a URL and waits until it has loaded. @throws Error when it cannot be opened */
  async open(url: string): Promise<void> {
    const before = this.#loads;
    const { errorText } = await this.send('Page.navigate', { url });
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
    const until = Date.now() + patienceMs;
    while (this.#loads === before) {
      if (Date.now() > until) throw new Error(`${url} did not load`);
      await pause();
    }
  }

  /** The value of a JavaScript expression, as JSON carries it; a promise is awaited. @throws Error when it throws */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, awaitPromise: true, returnByValue: true, userGesture: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', options);
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    // the protocol's RemoteObject
    return (result as { readonly value?: unknown }).value;
  }

  /** Waits until an expression is truthy. @returns its value */
  async until(expression: string, what: string = expression, withinMs = patienceMs): Promise<unknown> {
    const end = Date.now() + withinMs;
    for (;;) {
      const value = await this.evaluate(expression);
      if (value) return value;
      if (Date.now() > end) throw new Error(`waited ${withinMs} ms for ${what}`);
      await pause();
    }
  }

  /** Presses one key, with Shift held if wanted: `Tab`, `Enter`, `ArrowDown`, `/`, `a` … */
  async press(key: string, { shift = false } = {}): Promise<void> {
    const { code, text } = keys[key] ?? { code: key.toUpperCase().charCodeAt(0), text: key };
    const event = { key, windowsVirtualKeyCode: code, modifiers: shift ? 8 : 0 };
    const down = text === undefined ? { type: 'rawKeyDown' } : { type: 'keyDown', text };
    await this.send('Input.dispatchKeyEvent', { ...event, ...down });
    await this.send('Input.dispatchKeyEvent', { ...event, type: 'keyUp' });
  }

  /** Types a text, key by key. */
  async type(text: string): Promise<void> {
    for (const letter of text) await this.press(letter);
  }

  /** Size and colours from now on. */
  async look({ width, height, colorScheme, reducedMotion = false }: PageLook): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 500 };
    await this.send('Emulation.setDeviceMetricsOverride', metrics);
    const features = [
      { name: 'prefers-color-scheme', value: colorScheme },
      { name: 'prefers-reduced-motion', value: reducedMotion ? 'reduce' : 'no-preference' },
    ];
    await this.send('Emulation.setEmulatedMedia', { features });
  }

  /** What is seen, as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    await this.#tools.send('Target.closeTarget', { targetId: this.#target });
  }

  // the shapes are those of the protocol's documentation
  #event(method: string, params: Fields): void {
    if (method === 'Page.loadEventFired') this.#loads += 1;
    else if (method === 'Runtime.consoleAPICalled') {
      const { type, args } = params as { type: string; args: { value?: unknown; description?: string }[] };
      this.console.push({ level: type, text: args.map((arg) => String(arg.value ?? arg.description)).join(' ') });
    } else if (method === 'Runtime.exceptionThrown') {
      this.console.push({ level: 'error', text: JSON.stringify(params['exceptionDetails']) });
    } else if (method === 'Log.entryAdded') {
      const { level, text, url } = params['entry'] as { level: string; text: string; url?: string };
      this.console.push({ level, text: `${text} ${url ?? ''}`.trim() });
    } else this.#network(method, params);
  }

  #network(method: string, params: Fields): void {
    if (method === 'Network.requestWillBeSent') {
      const { method, url } = params['request'] as { method: string; url: string };
      const made: PageRequest = { method, url, status: undefined, failure: undefined };
      this.#byId.set(params['requestId'], made);
      this.requests.push(made);
      return;
    }
    const made = this.#byId.get(params['requestId']);
    if (made === undefined) return;
    if (method === 'Network.responseReceived') made.status = (params['response'] as { status: number }).status;
    else if (method === 'Network.loadingFailed') made.failure = String(params['errorText']);
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 25));
}
