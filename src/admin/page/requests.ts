import type { ExchangeView } from '../exchange-view.ts';
import { byId, element, setText } from './elements.ts';
import { count, decisionWords, duration, matches, searchText, statusTone, timeOfDay } from './words.ts';

/** Rows that are shown; bearerd remembers as many. */
const mostRows = 500;

interface Row {
  readonly root: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  readonly text: string;
}

/** The live list of the requests, the newest on top, with its search and its keys. */
export class Requests {
  readonly #body: Element;
  readonly #search = byId('search', HTMLInputElement);
  readonly #pause = byId('pause', HTMLButtonElement);
  readonly #none = byId('none', HTMLElement);
  readonly #count = byId('count', HTMLElement);
  /** By request id, the oldest first. */
  readonly #rows = new Map<string, Row>();
  #held: ExchangeView[] = [];
  #current: HTMLButtonElement | undefined;
  readonly #open: (requestId: string) => void;

  /** @param open shows the details of a request */
  constructor(open: (requestId: string) => void) {
    this.#open = open;
    const body = document.querySelector('#requests tbody');
    if (body === null) throw new Error('the page has no list of requests');
    this.#body = body;
    this.#search.addEventListener('input', () => this.#filter());
    this.#pause.addEventListener('click', () => this.#togglePause());
    body.addEventListener('keydown', (event) => event instanceof KeyboardEvent && this.#key(event));
    document.addEventListener('keydown', (event) => this.#globalKey(event));
  }

  /** Takes exchanges in, the newest last; those that are there already are left alone. */
  add(exchanges: readonly ExchangeView[]): void {
    if (this.#paused) {
      this.#held = [...this.#held, ...exchanges].slice(-mostRows);
      setText(this.#pause, `Continue (${count(this.#held.length)} new)`);
      return;
    }
    const search = this.#search.value.trim();
    for (const exchange of exchanges) {
      if (this.#rows.has(exchange.requestId)) continue;
      const row = this.#row(exchange);
      row.root.hidden = !matches(row.text, search);
      this.#rows.set(exchange.requestId, row);
      this.#body.prepend(row.root);
    }
    for (const [requestId, { root }] of this.#rows) {
      if (this.#rows.size <= mostRows) break;
      root.remove();
      this.#rows.delete(requestId);
    }
    this.#arrange();
  }

  /** Forgets all: another process may give the same ids. */
  clear(): void {
    this.#rows.clear();
    this.#body.replaceChildren();
    this.#arrange();
  }

  get #paused(): boolean {
    return this.#pause.getAttribute('aria-pressed') === 'true';
  }

  #togglePause(): void {
    const paused = !this.#paused;
    this.#pause.setAttribute('aria-pressed', String(paused));
    setText(this.#pause, paused ? 'Continue' : 'Pause');
    const held = this.#held;
    this.#held = [];
    if (!paused) this.add(held);
  }

  #filter(): void {
    const search = this.#search.value.trim();
    for (const { root, text } of this.#rows.values()) root.hidden = !matches(text, search);
    this.#arrange();
  }

  /** One row is in the order of the Tab key: the arrows lead to the others. */
  #arrange(): void {
    const shown = this.#shown();
    const total = this.#rows.size;
    setText(this.#count, shown.length === total ? count(total) : `${count(shown.length)} of ${count(total)}`);
    this.#none.hidden = shown.length > 0;
    const words =
      total === 0 ? 'No request yet. Send one to bearerd and it appears here.' : 'No request has all these words.';
    setText(this.#none, words);
    if (this.#current === undefined || !shown.includes(this.#current)) this.#focusable(shown[0]);
  }

  #focusable(button: HTMLButtonElement | undefined): void {
    if (this.#current !== undefined) this.#current.tabIndex = -1;
    this.#current = button;
    if (button !== undefined) button.tabIndex = 0;
  }

  #shown(): HTMLButtonElement[] {
    return [...this.#rows.values()]
      .filter(({ root }) => !root.hidden)
      .map(({ button }) => button)
      .reverse();
  }

  #key(event: KeyboardEvent): void {
    const shown = this.#shown();
    const focused = document.activeElement;
    const at = focused instanceof HTMLButtonElement ? shown.indexOf(focused) : -1;
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + 10,
      PageUp: at - 10,
      Home: 0,
      End: shown.length - 1,
    };
    const to = steps[event.key];
    if (to === undefined || at < 0) return;
    event.preventDefault();
    const button = shown[Math.min(Math.max(to, 0), shown.length - 1)];
    this.#focusable(button);
    button?.focus();
  }

  #globalKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null) return;
    const inField = document.activeElement instanceof HTMLInputElement;
    if (event.key === '/' && !inField) {
      event.preventDefault();
      this.#search.focus();
      this.#search.select();
    } else if (event.key === 'Escape' && document.activeElement === this.#search) {
      this.#search.value = '';
      this.#filter();
    } else if (event.key === 'ArrowDown' && document.activeElement === this.#search) {
      event.preventDefault();
      this.#current?.focus();
    }
  }

  #row(exchange: ExchangeView): Row {
    const { requestId, at, status, aborted, method, path, query, route, error, totalMs, upstreamMs, tokenMs } =
      exchange;
    const button = element('button', {
      class: 'open',
      text: `${path}${query ? '?…' : ''}`,
      attributes: { type: 'button', tabindex: '-1', 'data-request': requestId },
    });
    button.addEventListener('click', () => {
      this.#focusable(button);
      this.#open(requestId);
    });
    const answer = element(
      'td',
      {},
      element('span', { class: `status tone-${statusTone(status)}`, text: status === null ? '—' : String(status) }),
      aborted ? element('span', { class: 'tag', text: 'client left' }) : undefined,
    );
    const retried = decisionWords(exchange);
    const decision = exchange.decision?.repeated ? 'tag retried' : 'tag';
    const root = element(
      'tr',
      { attributes: error === null ? {} : { title: error } },
      element('td', { class: 'time', text: timeOfDay(at) }),
      answer,
      element('td', { class: 'method', text: method }),
      element('td', { class: 'path' }, button),
      element('td', { class: 'wide', text: route ?? '—' }),
      element(
        'td',
        { class: 'decision' },
        retried === '' ? undefined : element('span', { class: decision, text: retried }),
      ),
      element('td', { class: 'number total', text: duration(totalMs) }),
      element('td', { class: 'number wide', text: upstreamMs === null ? '—' : duration(upstreamMs) }),
      element('td', { class: 'number wide', text: tokenMs === 0 ? '—' : duration(tokenMs) }),
    );
    return { root, button, text: searchText(exchange) };
  }
}
