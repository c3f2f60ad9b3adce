import type { ExchangeDetail, StepView } from '../exchange-view.ts';
import type { Status } from '../status.ts';
import { curlCommand } from './curl.ts';
import { byId, element } from './elements.ts';
import { duration, statusTone, timeOfDay } from './words.ts';

/** The view of one request: its course, the trail of a 401, the token's claims, header fields, a command to repeat it. */
export class Detail {
  readonly #dialog = byId('detail', HTMLDialogElement);
  readonly #tell: (words: string) => void;

  /** @param tell says something to the reader */
  constructor(tell: (words: string) => void) {
    this.#tell = tell;
    // a click beside it closes it, like Escape
    this.#dialog.addEventListener('click', (event) => event.target === this.#dialog && this.#dialog.close());
  }

  /** Asks for a request and shows it; the focus goes back to where it was when it is closed. */
  async open(requestId: string, status: Status | undefined): Promise<void> {
    const answer = await fetch(`/api/requests/${encodeURIComponent(requestId)}`).catch(() => undefined);
    if (!answer?.ok) {
      this.#tell(answer === undefined ? 'bearerd does not answer.' : 'This request is no longer remembered.');
      return;
    }
    // the shape of src/admin/exchange-view.ts
    const exchange = (await answer.json()) as ExchangeDetail;
    this.#dialog.replaceChildren(...this.#content(exchange, status));
    this.#dialog.showModal();
    this.#dialog.scrollTop = 0;
  }

  #content(exchange: ExchangeDetail, now: Status | undefined): HTMLElement[] {
    const { method, path, query, status, headers } = exchange;
    const close = element('button', { class: 'close', text: 'Close', attributes: { type: 'button' } });
    close.addEventListener('click', () => this.#dialog.close());
    const title = element('h2', {
      class: 'code',
      text: `${method} ${path}${query ? '?…' : ''}`,
      attributes: { id: 'detail-title' },
    });
    const answered = element('span', {
      class: `status tone-${statusTone(status)}`,
      text: status === null ? '—' : String(status),
    });
    return [
      element('div', { class: 'detail-head' }, answered, title, close),
      facts(exchange),
      timing(exchange),
      section('What happened', course(exchange)),
      ...(exchange.token === null ? [] : [section(`Token ${exchange.generation}`, claims(exchange.token))]),
      section('Send it again', this.#curl(exchange, now)),
      ...(headers === null
        ? [element('p', { class: 'empty', text: 'Header fields are kept only while this page is open.' })]
        : [
            section('Request, as it went upstream', fields(headers.request)),
            ...(headers.response.length === 0 ? [] : [section("The upstream's answer", fields(headers.response))]),
          ]),
    ];
  }

  #curl(exchange: ExchangeDetail, now: Status | undefined): HTMLElement {
    const command = curlCommand(exchange, now?.listeners ?? [], now?.localKeyField ?? null);
    const text = element('pre', { class: 'code', text: command, attributes: { tabindex: '0' } });
    const copy = element('button', { text: 'Copy as curl', attributes: { type: 'button' } });
    copy.addEventListener('click', () => {
      // absent where the page is not on loopback and came without TLS
      const copied = navigator.clipboard?.writeText(command) ?? Promise.reject(new Error('no clipboard'));
      copied.then(
        () => this.#tell('Copied. There is no token in it: bearerd adds it.'),
        () => {
          getSelection()?.selectAllChildren(text);
          this.#tell('The browser does not let this page copy; the command is selected.');
        },
      );
    });
    return element('div', { class: 'curl' }, text, copy);
  }
}

function section(title: string, content: HTMLElement): HTMLElement {
  return element('section', {}, element('h3', { text: title }), content);
}

function facts({ at, route, credential, requestId, attempts, generation }: ExchangeDetail): HTMLElement {
  const known = [
    timeOfDay(at),
    route === null ? 'no route' : `route ${route}`,
    credential === null ? '' : `credential ${credential}`,
    generation === null ? 'no token sent' : `token ${generation}`,
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`,
    requestId,
  ];
  return element('p', { class: 'facts', text: known.filter((fact) => fact !== '').join(' · ') });
}

/** Where the time went, as one bar. */
function timing({ totalMs, tokenMs, upstreamMs }: ExchangeDetail): HTMLElement {
  const upstream = upstreamMs ?? 0;
  const parts = [
    ['token', 'waiting for a token', tokenMs],
    ['upstream', "until the upstream's head", upstream],
    ['rest', 'bearerd and the way back', Math.max(0, totalMs - tokenMs - upstream)],
  ] as const;
  const bar = element('div', { class: 'timing', attributes: { 'aria-hidden': 'true' } });
  const words = element('ul', { class: 'legend' });
  for (const [look, what, ms] of parts) {
    const piece = element('div', { class: `time-${look}` });
    piece.style.flexGrow = String(ms);
    bar.append(piece);
    words.append(
      element(
        'li',
        {},
        element('span', { class: `swatch time-${look}` }),
        element('span', { text: `${what} ${duration(ms)}` }),
      ),
    );
  }
  words.append(element('li', {}, element('strong', { text: `${duration(totalMs)} in all` })));
  return element('div', {}, bar, words);
}

/** The steps from arrival to answer. */
function course(exchange: ExchangeDetail): HTMLElement {
  const { trail, generation, attempts, status, aborted, error, detail, action } = exchange;
  const list = element('ol', { class: 'trail' });
  const step = (tone: string, words: string, more: readonly string[] = []) =>
    list.append(
      element(
        'li',
        { class: tone },
        element('p', { text: words }),
        ...more.map((text) => element('p', { class: 'more', text })),
      ),
    );
  if (trail.length === 0 && attempts > 0) {
    step('', generation === null ? 'Sent upstream without a token of ours' : `Sent upstream with token ${generation}`);
  }
  let sent = '';
  for (const decision of trail) {
    const attempt = `${decision.attempt} ${decision.generation}`;
    if (attempt !== sent) {
      step('', `${decision.attempt === 1 ? 'Sent' : 'Sent once more'} with token ${decision.generation}`, [
        ageWords(decision),
      ]);
      step('tone-4xx', `The upstream answered 401${decision.code === null ? ' without a code' : ` ${decision.code}`}`);
    }
    sent = attempt;
    const why = decision.refreshFailure === null ? [] : [decision.refreshFailure];
    step(
      'decided',
      `Rule ${decision.rule}: ${decision.because}; bearerd ${decision.done}`,
      [cacheWords(decision), ...why].filter((text) => text !== ''),
    );
  }
  const last = trail.at(-1);
  if (last !== undefined && last.attempt === 1 && attempts === 2) step('', `Sent once more with token ${generation}`);
  const own = error === null ? '' : ` by bearerd itself: ${error}`;
  const left = aborted ? 'The client left before it had all of the answer' : '';
  if (status !== null)
    step(
      `tone-${statusTone(status)}`,
      `Answered ${status}${own}`,
      [detail ?? '', action ?? ''].filter((text) => text !== ''),
    );
  if (left !== '') step('tone-aborted', left);
  return list;
}

function ageWords({ ageMs, remainingMs }: StepView): string {
  const left =
    remainingMs === null
      ? 'it never expires'
      : remainingMs <= 0
        ? 'it had expired'
        : `${duration(remainingMs)} to its expiry`;
  return `${duration(ageMs)} old, ${left}`;
}

function cacheWords({ cache, generation }: StepView): string {
  if (cache === 'invalidate') return `Token ${generation} is not used any more.`;
  return cache === 'cap' ? `Token ${generation} is used for a minute at most.` : '';
}

function claims(token: NonNullable<ExchangeDetail['token']>): HTMLElement {
  if (!token.jwt) {
    return element('p', {
      text: `No JWT: ${token.sections} ${token.sections === 1 ? 'section' : 'sections'} that only the API can read.`,
    });
  }
  const { sections: _sections, jwt: _jwt, principal, ...known } = token;
  const list = element('dl');
  for (const [name, value] of Object.entries({ ...known, ...principal })) {
    list.append(
      element('dt', { text: name }),
      element('dd', { class: 'code', text: Array.isArray(value) ? value.join(', ') : String(value) }),
    );
  }
  return list;
}

function fields(lines: readonly (readonly [string, string])[]): HTMLElement {
  const list = element('dl');
  for (const [name, value] of lines) {
    const kept = value.includes('not kept›') ? 'code removed' : 'code';
    list.append(element('dt', { text: name }), element('dd', { class: kept, text: value }));
  }
  return list;
}
