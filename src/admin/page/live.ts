import type { TokenEventView } from '../event-streams.ts';
import type { ExchangeView } from '../exchange-view.ts';
import type { Status } from '../status.ts';
import type { TrafficBucket } from '../traffic.ts';

/** What the parts of the page are told. */
export interface Listener {
  readonly status: (status: Status) => void;
  readonly traffic: (buckets: readonly TrafficBucket[]) => void;
  readonly token: (event: TokenEventView) => void;
  /** Newest last. */
  readonly requests: (exchanges: readonly ExchangeView[]) => void;
  /** Everything before is to be forgotten: the stream begins anew. */
  readonly begins: () => void;
  readonly connection: (state: 'connecting' | 'live' | 'lost' | 'hidden') => void;
}

/** Milliseconds until a refused stream is asked for again. */
const againMs = 3_000;

/** Follows /api/events while the page is seen; a page that nobody looks at costs bearerd nothing. */
export function follow(listener: Listener): void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  const close = () => {
    window.clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    listener.connection('connecting');
    const opened = new EventSource('/api/events');
    source = opened;
    const on = <Data>(name: string, then: (data: Data) => void) =>
      // the shapes are those that src/admin/event-streams.ts writes
      opened.addEventListener(name, (event: MessageEvent<string>) => then(JSON.parse(event.data) as Data));
    /** What comes while the earlier ones are still asked for waits, so that the order holds. */
    let waiting: ExchangeView[] | undefined;
    opened.addEventListener('open', () => {
      listener.begins();
      listener.connection('live');
      waiting = [];
      void earlier().then((exchanges) => {
        if (source !== opened) return;
        listener.requests([...exchanges, ...(waiting ?? [])]);
        waiting = undefined;
      });
    });
    on<Status>('status', listener.status);
    on<readonly TrafficBucket[]>('traffic', listener.traffic);
    on<TokenEventView>('token', listener.token);
    on<ExchangeView>('request', (exchange) => {
      if (waiting === undefined) listener.requests([exchange]);
      else waiting.push(exchange);
    });
    opened.addEventListener('error', () => {
      listener.connection('lost');
      // the browser tries again by itself unless it was refused
      if (opened.readyState !== EventSource.CLOSED) return;
      window.clearTimeout(timer);
      timer = window.setTimeout(open, againMs);
    });
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) open();
    else {
      close();
      listener.connection('hidden');
    }
  });
  open();
}

/** What happened before the stream began, the newest last. */
async function earlier(): Promise<ExchangeView[]> {
  const answer = await fetch('/api/requests').catch(() => undefined);
  if (!answer?.ok) return [];
  // the shape of src/admin/inspector.ts
  const { requests } = (await answer.json()) as { readonly requests: readonly ExchangeView[] };
  return [...requests].reverse();
}
