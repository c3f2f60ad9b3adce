import { mutated, seeded } from './mutate.ts';

/** What identifies a request; its answer carries it, and no other answer may. */
export const identity: RegExp = /Q[0-9a-f]{12}Z/g;

/** What one client connection sends. */
export interface Sending {
  readonly bytes: string;
  /** Nothing was changed, neither in the requests nor in their answers: each has to be answered with 200. */
  readonly healthy: boolean;
  /** Requests before the changes. */
  readonly requests: number;
  readonly ids: readonly string[];
}

type Template = (id: string) => string;

const requests: readonly Template[] = [
  (id) => `GET /${id}?a=b HTTP/1.1\r\nHost: localhost\r\nX-Id: ${id}\r\nAccept: */*\r\n\r\n`,
  (id) =>
    `GET /${id} HTTP/1.1\r\nHost: localhost:80\r\nX-Id: ${id}\r\nCookie: a=1; b=2\r\nVia: 1.1 x\r\nTE: trailers\r\n\r\n`,
  (id) => `POST /${id} HTTP/1.1\r\nHost: localhost\r\nX-Id: ${id}\r\nContent-Length: 11\r\n\r\nhello world`,
  (id) =>
    `PUT /${id} HTTP/1.1\r\nHost: localhost\r\nX-Id: ${id}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n`,
  (id) =>
    `DELETE http://localhost/${id} HTTP/1.1\r\nHost: localhost\r\nX-Id: ${id}\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\n\r\n`,
];

const answers: readonly Template[] = [
  (id) => `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nContent-Length: 14\r\n\r\n${id}`,
  (id) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Id: ${id}\r\n\r\ne\r\n${id}\r\n0\r\n\r\n`,
  (id) =>
    `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n${id.slice(0, 7)}\r\n7\r\n${id.slice(7)}\r\n0\r\nX-T: 1\r\n\r\n`,
  (id) =>
    `HTTP/1.1 103 Early Hints\r\nLink: </${id}>\r\n\r\nHTTP/1.1 200 Fine\r\nSet-Cookie: a=${id}; Path=/\r\nContent-Length: 14\r\n\r\n${id}`,
  (id) => `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nLocation: /${id}\r\nConnection: close\r\nContent-Length: 14\r\n\r\n${id}`,
];

/** Decides about the answer to an id: the same for the same seed. */
function fate(seed: number, id: string): { readonly random: () => number; readonly harmed: boolean } {
  const random = seeded(seed ^ Number.parseInt(id.slice(1, 8), 16));
  return { random, harmed: random() < 0.4 };
}

/** The bytes of the n-th connection of a run. */
export function sending(seed: number, n: number): Sending {
  const random = seeded(Math.imul(seed, 1_000_003) + n);
  const harmed = random() < 0.75;
  const count = 1 + Math.floor(random() ** 2 * 3);
  const ids = Array.from({ length: count }, () => newId(random));
  const whole = ids.map((id) => pick(requests, random)(id)).join('');
  const healthy = !harmed && ids.every((id) => !fate(seed, id).harmed);
  return { bytes: harmed ? mutated(whole, random) : whole, healthy, requests: count, ids };
}

/** The bytes that the upstream answers to a request. */
export function answer(seed: number, head: string): string {
  const id = head.match(identity)?.[0];
  if (id === undefined) return 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  const { random, harmed } = fate(seed, id);
  const whole = pick(answers, random)(id);
  return harmed ? mutated(whole, random) : whole;
}

function newId(random: () => number): string {
  const hex = () =>
    Math.floor(random() * 0x1000000)
      .toString(16)
      .padStart(6, '0');
  return `Q${hex()}${hex()}Z`;
}

function pick(templates: readonly Template[], random: () => number): Template {
  const template = templates[Math.floor(random() * templates.length)];
  if (template === undefined) throw new Error('there are no templates');
  return template;
}
