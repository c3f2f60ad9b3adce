import { request } from 'node:http';

/** What came of a request. */
export interface Outcome {
  /** 0 = no head came. */
  readonly status: number;
  /** `code` of a problem of bearerd's own; undefined = the answer is not ours. */
  readonly code: string | undefined;
  /** It had no end: it broke off, or was longer than this caller wants. */
  readonly cut: boolean;
  readonly fields: readonly string[];
  readonly text: string;
  readonly tookMs: number;
}

/** A caller reads no more than this. */
const enoughBytes = 2 * 1024 * 1024;
/** Nothing may take longer until the head is there; the machine is shared. */
const hangMs = 30_000;

/**
 * Calls, and reads as much of the answer as a caller may want.
 * @param patienceMs for what comes after the head
 */
export function call(url: string, method = 'GET', body = '', patienceMs = hangMs): Promise<Outcome> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const hung = setTimeout(() => reject(new Error(`${url}: no answer within ${hangMs} ms`)), hangMs);
    const asked = request(url, { method, agent: false }, (response) => {
      clearTimeout(hung);
      const pieces: Buffer[] = [];
      let bytes = 0;
      const end = (cut: boolean): void => {
        clearTimeout(patience);
        response.destroy();
        const text = Buffer.concat(pieces).toString('utf8');
        const own = response.headers['content-type'] === 'application/problem+json';
        const code = own ? String(JSON.parse(text).code) : undefined;
        const tookMs = performance.now() - startedMs;
        resolve({ status: response.statusCode ?? 0, code, cut, fields: response.rawHeaders, text, tookMs });
      };
      const patience = setTimeout(() => end(true), patienceMs);
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        bytes += piece.length;
        if (bytes > enoughBytes) end(true);
      });
      response.on('end', () => end(false));
      response.on('error', () => end(true));
    });
    asked.on('error', () => {
      clearTimeout(hung);
      const tookMs = performance.now() - startedMs;
      resolve({ status: 0, code: undefined, cut: true, fields: [], text: '', tookMs });
    });
    asked.end(body);
  });
}
