import type { ExchangeView } from '../exchange-view.ts';
import type { Status } from '../status.ts';
import { Chart } from './chart.ts';
import { Credentials } from './credentials.ts';
import { Detail } from './detail.ts';
import { byId, element, setText } from './elements.ts';
import { follow } from './live.ts';
import { LocalKeyPrompt } from './local-key.ts';
import { Requests } from './requests.ts';
import { showRoutes } from './routes.ts';
import { life, timeOfDay } from './words.ts';

const connectionWords = {
  connecting: 'connecting …',
  live: 'live',
  lost: 'no connection, trying again …',
  hidden: 'paused while this page is hidden',
} as const;

let status: Status | undefined;
/** What bearerd's clock is ahead of this one's, in milliseconds; small differences are the rounding of the uptime. */
let aheadMs = 0;
const now = (): number => Date.now() + aheadMs;

const told = byId('told', HTMLElement);
let toldTimer: number | undefined;
const tell = (words: string): void => {
  setText(told, words);
  window.clearTimeout(toldTimer);
  toldTimer = window.setTimeout(() => setText(told, ''), 6_000);
};

const detail = new Detail(tell);
const chart = new Chart();
const requests = new Requests((requestId) => void detail.open(requestId, status));
const localKey = new LocalKeyPrompt();
const credentials = new Credentials(async (name) => {
  const field = status?.localKeyField ?? null;
  const key = field === null ? undefined : await localKey.get(field);
  if (field !== null && key === undefined) return;
  const answer = await fetch(`/api/credentials/${encodeURIComponent(name)}/refresh`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(field === null || key === undefined ? {} : { [field]: key }) },
    body: '{}',
  }).catch(() => undefined);
  if (answer === undefined) return tell('bearerd does not answer.');
  if (answer.ok) return tell(`${name} has a new token.`);
  if (answer.status === 403) localKey.forget();
  tell(`${name}: ${await refusal(answer)}`);
});

/** What a problem document says. */
async function refusal(answer: Response): Promise<string> {
  const problem: unknown = await answer.json().catch(() => undefined);
  const said = typeof problem === 'object' && problem !== null && 'detail' in problem ? problem.detail : undefined;
  return typeof said === 'string' ? said : `bearerd answered ${answer.status}.`;
}

function show(next: Status): void {
  status = next;
  const seen = Date.parse(next.startedAt) + next.uptimeSeconds * 1000 - Date.now();
  aheadMs = Math.abs(seen) > 2_000 ? seen : 0;
  const where = next.listeners.map(({ url }) => url).join(', ');
  setText(
    byId('about', HTMLElement),
    `${where} · up ${life(next.uptimeSeconds * 1000)} · ${next.version} on Node ${next.node}`,
  );
  document.title = `bearerd · ${next.credentials.some(({ state }) => state === 'failing') ? 'failing' : next.state}`;
  credentials.show(next.credentials, now());
  showRoutes(next.routes, next.credentials);
  showNotices(next);
}

function showNotices({ state, configuration, routes, credentials: all }: Status): void {
  const reload = configuration.lastReload;
  const insecure = [...routes, ...all].filter(({ insecureSkipVerify }) => insecureSkipVerify).map(({ name }) => name);
  const words = [
    state === 'stopping' ? 'bearerd is stopping.' : '',
    reload?.outcome === 'failure'
      ? `The configuration read at ${timeOfDay(reload.at)} is not in force: ${reload.problems.join(' ')}`
      : '',
    insecure.length === 0 ? '' : `Certificates are not verified: ${insecure.join(', ')}.`,
  ].filter((text) => text !== '');
  const place = byId('notices', HTMLElement);
  if ([...place.children].map(({ textContent }) => textContent).join('\n') === words.join('\n')) return;
  place.replaceChildren(...words.map((text) => element('p', { class: 'notice bad', text })));
}

/** Exchanges come one by one, and are put into the list together. */
const arrived: ExchangeView[] = [];
const take = (exchanges: readonly ExchangeView[]): void => {
  if (arrived.length === 0) window.setTimeout(() => requests.add(arrived.splice(0)), 50);
  arrived.push(...exchanges);
};

follow({
  status: show,
  traffic: (buckets) => chart.addTraffic(buckets),
  token: (event) => chart.addToken(event),
  requests: take,
  begins: () => {
    arrived.length = 0;
    chart.clear();
    requests.clear();
  },
  connection: (state) => {
    document.body.dataset['connection'] = state;
    setText(byId('live-words', HTMLElement), connectionWords[state]);
  },
});

const tick = (): void => {
  if (document.hidden) return;
  credentials.tick(now());
  chart.draw(now());
};
window.setInterval(tick, 500);
window.addEventListener('resize', tick);
tick();
