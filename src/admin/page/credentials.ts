import type { CredentialStatus } from '../status.ts';
import { byId, element, setText } from './elements.ts';
import { life, refreshWords, stateTone, stateWord, stateWords, troubles } from './words.ts';

/** One credential on the page. */
interface Card {
  readonly root: HTMLElement;
  /** @param nowMs epoch milliseconds on bearerd's clock */
  readonly show: (credential: CredentialStatus, nowMs: number) => void;
}

/** The cards of the credentials: state, the life of the token as a bar, the next refresh, the last failure. */
export class Credentials {
  readonly #place = byId('credentials', HTMLElement);
  readonly #cards = new Map<string, Card>();
  #credentials: readonly CredentialStatus[] = [];
  readonly #refresh: (name: string) => Promise<void>;

  /** @param refresh asks for a new token */
  constructor(refresh: (name: string) => Promise<void>) {
    this.#refresh = refresh;
  }

  show(credentials: readonly CredentialStatus[], nowMs: number): void {
    this.#credentials = credentials;
    const names = new Set(credentials.map(({ name }) => name));
    for (const [name, { root }] of this.#cards) {
      if (names.has(name)) continue;
      root.remove();
      this.#cards.delete(name);
    }
    for (const { name } of credentials) {
      if (this.#cards.has(name)) continue;
      if (this.#cards.size === 0) this.#place.replaceChildren();
      const card = newCard(name, this.#refresh);
      this.#cards.set(name, card);
      this.#place.append(card.root);
    }
    this.tick(nowMs);
  }

  /** Lets the bars run down. */
  tick(nowMs: number): void {
    for (const credential of this.#credentials) this.#cards.get(credential.name)?.show(credential, nowMs);
  }
}

function newCard(name: string, refresh: (name: string) => Promise<void>): Card {
  const state = element('span', { class: 'badge' });
  const what = element('p', { class: 'what' });
  const left = element('p', { class: 'left' });
  const next = element('p', { class: 'next' });
  const trouble = element('div', { class: 'trouble' });
  const fill = element('div', { class: 'fill' });
  const mark = element('div', { class: 'due', title: 'from here on the next request refreshes the token' });
  const bar = element(
    'div',
    {
      class: 'life',
      attributes: { role: 'progressbar', 'aria-label': `life of the token of ${name}`, 'aria-valuemin': '0' },
    },
    fill,
    mark,
  );
  const button = element('button', {
    text: 'Refresh now',
    attributes: { type: 'button', 'aria-label': `Refresh the token of ${name} now` },
  });
  button.addEventListener('click', () => {
    button.disabled = true;
    void refresh(name).finally(() => {
      button.disabled = false;
      button.focus();
    });
  });
  const title = element('h3', { text: name, title: name });
  const head = element('div', { class: 'card-head' }, title, state, button);
  const root = element(
    'article',
    { class: 'card', attributes: { 'data-credential': name } },
    head,
    what,
    bar,
    left,
    next,
    trouble,
  );

  const show = (credential: CredentialStatus, nowMs: number): void => {
    const { token, provider, routes } = credential;
    root.dataset['tone'] = stateTone(credential);
    setText(state, stateWord(credential));
    state.title = stateWords[credential.state];
    const insecure = credential.insecureSkipVerify ? ' · certificates are NOT verified' : '';
    setText(what, `${provider} · ${routes.length === 1 ? 'route' : 'routes'} ${routes.join(', ')}${insecure}`);
    button.hidden = credential.state === 'per-caller';
    showLife(token, nowMs);
    const fresh = token.obtainedAt === null ? stateWords[credential.state] : lifeWords(token, nowMs);
    setText(left, fresh);
    setText(next, token.obtainedAt === null ? '' : refreshWords(token.refreshAt, nowMs));
    showTroubles(troubles(credential, nowMs));
  };

  function showLife({ obtainedAt, expiresAt, refreshAt }: CredentialStatus['token'], nowMs: number): void {
    bar.hidden = obtainedAt === null;
    if (obtainedAt === null) return;
    const from = Date.parse(obtainedAt);
    const to = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt);
    const share = expiresAt === null ? 1 : Math.min(1, Math.max(0, (to - nowMs) / Math.max(1, to - from)));
    fill.style.width = `${(share * 100).toFixed(2)}%`;
    fill.classList.toggle('low', refreshAt !== null && Date.parse(refreshAt) <= nowMs);
    mark.hidden = refreshAt === null || expiresAt === null;
    if (refreshAt !== null) mark.style.left = `${(100 * (to - Date.parse(refreshAt))) / Math.max(1, to - from)}%`;
    bar.setAttribute('aria-valuemax', String(expiresAt === null ? 1 : Math.round((to - from) / 1000)));
    bar.setAttribute('aria-valuenow', String(expiresAt === null ? 1 : Math.max(0, Math.round((to - nowMs) / 1000))));
    bar.setAttribute('aria-valuetext', expiresAt === null ? 'never expires' : `${life(to - nowMs)} left`);
  }

  function showTroubles(words: readonly string[]): void {
    trouble.hidden = words.length === 0;
    for (const [index, text] of words.entries()) {
      const line = trouble.children[index] ?? trouble.appendChild(element('p'));
      setText(line, text);
    }
    while (trouble.children.length > words.length) trouble.lastElementChild?.remove();
  }

  return { root, show };
}

function lifeWords({ generation, obtainedAt, expiresAt }: CredentialStatus['token'], nowMs: number): string {
  const which = `token ${generation}`;
  if (expiresAt === null || obtainedAt === null) return `${which} · never expires`;
  const leftMs = Date.parse(expiresAt) - nowMs;
  if (leftMs <= 0) return `${which} · has expired; the next request asks for a new one`;
  return `${which} · ${life(leftMs)} left`;
}
