import type { TokenEventView } from '../event-streams.ts';
import type { TrafficBucket } from '../traffic.ts';
import { byId, drawn, element } from './elements.ts';
import { count, duration, timeOfDay } from './words.ts';

/** Milliseconds that the chart shows, and those of one bar. */
const windowMs = 5 * 60_000;
const barMs = 5_000;
const height = 190;
/** Pixels: what is above the bars, the bars, the gap, the latency, and the times below; at the left the scales. */
const top = 16;
const bars = 84;
const gap = 12;
const curve = 54;
const left = 46;
const right = 8;

const tones = [
  ['2xx', '2xx'],
  ['3xx', '3xx'],
  ['4xx', '4xx'],
  ['5xx', '5xx'],
  ['aborted', 'client left'],
] as const;

/** The chart: requests by status as bars, how long they took below, token requests as marks. */
export class Chart {
  readonly #place = byId('chart', HTMLElement);
  readonly #buckets = new Map<number, TrafficBucket>();
  #tokens: TokenEventView[] = [];

  constructor() {
    const entries = [
      ...tones.map(([tone, words]) => [`swatch fill-${tone}`, words]),
      ['swatch line', 'average'],
      ['swatch dots', 'slowest'],
      ['swatch mark', 'new token'],
    ];
    const items = entries.map(([look = '', words = '']) =>
      element('li', {}, element('span', { class: look }), element('span', { text: words })),
    );
    byId('legend', HTMLElement).replaceChildren(...items);
  }

  /** Forgets all. */
  clear(): void {
    this.#buckets.clear();
    this.#tokens = [];
  }

  addTraffic(buckets: readonly TrafficBucket[]): void {
    for (const bucket of buckets) this.#buckets.set(Date.parse(bucket.at), bucket);
  }

  addToken(event: TokenEventView): void {
    this.#tokens = [...this.#tokens, event].slice(-200);
  }

  /** @param nowMs epoch milliseconds on bearerd's clock */
  draw(nowMs: number): void {
    const width = Math.max(280, this.#place.clientWidth);
    const endMs = (Math.floor(nowMs / barMs) + 1) * barMs;
    const fromMs = endMs - windowMs;
    for (const at of this.#buckets.keys()) if (at < fromMs) this.#buckets.delete(at);
    const shown = [...this.#buckets].filter(([at]) => at < endMs).sort(([one], [other]) => one - other);
    const x = (ms: number) => left + ((ms - fromMs) / windowMs) * (width - left - right);
    const most = Math.max(4, ...shown.map(([, bucket]) => total(bucket)));
    const slowest = Math.max(10, ...shown.map(([, { slowestMs }]) => slowestMs));
    const place = { x, barWidth: Math.max(1, x(fromMs + barMs) - x(fromMs) - 1.5), most, slowest };
    const svg = drawn(
      'svg',
      {
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: 'img',
        'aria-label': summary(shown, this.#tokens, fromMs),
      },
      ...scales(width, place, fromMs, endMs),
      ...shown.flatMap(([at, bucket]) => bar(at, bucket, place)),
      ...latency(shown, place),
      ...this.#tokens.filter(({ at }) => Date.parse(at) >= fromMs).map((event) => tokenMark(event, place)),
    );
    this.#place.replaceChildren(svg);
  }
}

/** Where things are drawn. */
interface Place {
  readonly x: (ms: number) => number;
  readonly barWidth: number;
  /** Of requests in one bar. */
  readonly most: number;
  readonly slowest: number;
}

function total({ requests }: TrafficBucket): number {
  return Object.values(requests).reduce((sum, one) => sum + one, 0);
}

function scales(width: number, { x, most, slowest }: Place, fromMs: number, endMs: number): SVGElement[] {
  const line = (y: number) => drawn('line', { class: 'grid', x1: left, x2: width - right, y1: y, y2: y });
  const label = (text: string, atX: number, y: number, anchor: string) => {
    const made = drawn('text', { x: atX, y, 'text-anchor': anchor });
    made.textContent = text;
    return made;
  };
  const base = top + bars;
  const times: SVGElement[] = [];
  for (let at = Math.ceil(fromMs / 60_000) * 60_000; at < endMs; at += 60_000) {
    if (x(at) < left + 16 || x(at) > width - 20) continue;
    times.push(label(timeOfDay(new Date(at).toISOString()).slice(0, 5), x(at), height - 4, 'middle'));
    times.push(drawn('line', { class: 'grid faint', x1: x(at), x2: x(at), y1: top, y2: height - 18 }));
  }
  return [
    ...times,
    line(top),
    line(base),
    line(base + gap + curve),
    label(`${count(most)}`, left - 6, top + 4, 'end'),
    label('0', left - 6, base + 1, 'end'),
    label(duration(slowest), left - 6, base + gap + 8, 'end'),
  ];
}

/** One bar, its parts upon each other: what went well at the bottom. */
function bar(at: number, bucket: TrafficBucket, { x, barWidth, most }: Place): SVGElement[] {
  let y = top + bars;
  return tones.flatMap(([tone, words]) => {
    const number = bucket.requests[tone] ?? 0;
    if (number === 0) return [];
    const tall = Math.max(1.5, (number / most) * bars);
    y -= tall;
    const title = drawn('title');
    title.textContent = `${timeOfDay(bucket.at)}: ${count(number)} × ${words}`;
    return [drawn('rect', { class: `fill-${tone}`, x: x(at), y, width: barWidth, height: tall, rx: 1 }, title)];
  });
}

/** On a logarithmic scale, because one slow answer would flatten all others. */
function latency(shown: readonly (readonly [number, TrafficBucket])[], { x, barWidth, slowest }: Place): SVGElement[] {
  const base = top + bars + gap + curve;
  const y = (ms: number) => base - (Math.log10(1 + ms) / Math.log10(1 + slowest)) * (curve - 4);
  const middle = (at: number) => x(at) + barWidth / 2;
  const points = shown.map(([at, { averageMs }]) => `${middle(at).toFixed(1)},${y(averageMs).toFixed(1)}`);
  const dots = shown.map(([at, bucket]) => {
    const title = drawn('title');
    title.textContent = `${timeOfDay(bucket.at)}: ${duration(bucket.averageMs)} on average, slowest ${duration(bucket.slowestMs)}`;
    return drawn('circle', { class: 'slowest', cx: middle(at), cy: y(bucket.slowestMs), r: 1.8 }, title);
  });
  return [drawn('polyline', { class: 'average', points: points.join(' ') }), ...dots];
}

function tokenMark({ at, credential, outcome, generation }: TokenEventView, { x }: Place): SVGElement {
  const atX = x(Date.parse(at));
  const title = drawn('title');
  const what =
    outcome === 'obtained' ? `token ${generation} of ${credential}` : `token request of ${credential} failed`;
  title.textContent = `${timeOfDay(at)}: ${what}`;
  const look = outcome === 'obtained' ? 'token' : 'token failed';
  return drawn(
    'g',
    { class: look },
    title,
    drawn('line', { x1: atX, x2: atX, y1: top - 4, y2: top + bars + gap + curve }),
    drawn('path', { d: `M${atX - 5} ${top - 12}h10l-5 9z` }),
  );
}

function summary(
  shown: readonly (readonly [number, TrafficBucket])[],
  tokens: readonly TokenEventView[],
  fromMs: number,
): string {
  const sums = tones.map(([tone, words]) => {
    const number = shown.reduce((sum, [, { requests }]) => sum + (requests[tone] ?? 0), 0);
    return number === 0 ? undefined : `${number} × ${words}`;
  });
  const recent = tokens.filter(({ at, outcome }) => outcome === 'obtained' && Date.parse(at) >= fromMs).length;
  const requests = sums.filter((sum) => sum !== undefined).join(', ') || 'no requests';
  return `Last five minutes: ${requests}; ${recent} new tokens`;
}
