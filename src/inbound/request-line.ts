import type { FinishedExchange } from '../admin/exchanges.ts';
import type { LineLog } from '../log.ts';

/**
 * Writes the access-log line of a request that is over. One whose texts need no escaping is composed here: the general
 * way, which the others take, gives the same bytes at four times the cost (docs/decisions/0001-data-path.md).
 * @param path as the client sent it, without its query; that of the exchange may be cut
 */
export function writeRequestLine(finished: FinishedExchange, path: string, log: LineLog): void {
  if (!log.informs()) return;
  if (isPlain(finished, path)) log.line(composed(finished, path), finished.endedMs);
  else log.info(fieldsOf(finished, path), sentenceOf(finished, path));
}

/** The members in their order; undefined = left out. */
function fieldsOf(
  { requestId, route, method, status, aborted, totalMs, notes, error }: FinishedExchange,
  path: string,
) {
  return {
    event: 'request',
    requestId,
    route,
    method: method === '' ? undefined : method,
    path: path === '' ? undefined : path,
    status: status === 0 ? undefined : status,
    aborted: aborted ? true : undefined,
    totalMs: rounded(totalMs),
    upstreamMs: notes === undefined ? undefined : rounded(notes.upstreamMs),
    tokenMs: notes === undefined || notes.tokenMs === 0 ? undefined : rounded(notes.tokenMs),
    attempts: notes === undefined ? 0 : notes.attempts,
    generation: notes?.generation,
    rule: notes?.rule,
    code: notes?.upstreamErrorCode,
    error,
  };
}

/** The same members as JSON, with few pieces: V8 makes a tree of them, whose every branch has its cost. */
function composed(finished: FinishedExchange, path: string): string {
  const { requestId, route, method, status, notes, error } = finished;
  let line = `,"event":"request","requestId":"${requestId}`;
  if (route !== undefined) line += `","route":"${route}`;
  if (method !== '') line += `","method":"${method}`;
  if (path !== '') line += `","path":"${path}`;
  line += status === 0 ? '"' : `","status":${status}`;
  if (finished.aborted) line += ',"aborted":true';
  line += `,"totalMs":${decimal(finished.totalMs)}`;
  if (notes === undefined) {
    line += ',"attempts":0';
  } else {
    const { tokenMs, generation, rule, upstreamErrorCode } = notes;
    line += `,"upstreamMs":${decimal(notes.upstreamMs)}`;
    if (tokenMs !== 0) line += `,"tokenMs":${decimal(tokenMs)}`;
    line += `,"attempts":${notes.attempts}`;
    if (generation !== undefined) line += `,"generation":${generation}`;
    if (rule !== undefined) line += `,"rule":"${rule}"`;
    if (upstreamErrorCode !== undefined) line += `,"code":"${upstreamErrorCode}"`;
  }
  if (error !== undefined) line += `,"error":"${error}"`;
  return `${line},"msg":"${sentenceOf(finished, path)}"}\n`;
}

function sentenceOf({ method, status, aborted }: FinishedExchange, path: string): string {
  if (method === '') return `no request ${status}`;
  return `${method} ${path} ${aborted ? 'aborted' : status}`;
}

/** No text of the line would be escaped. */
function isPlain({ requestId, route, method, notes, error }: FinishedExchange, path: string): boolean {
  if (!isPlainText(path) || !isPlainText(requestId) || !isPlainText(method) || !isPlainText(route)) return false;
  return (
    isPlainText(error) && (notes === undefined || (isPlainText(notes.rule) && isPlainText(notes.upstreamErrorCode)))
  );
}

/** JSON has it as it is: no control character, quotation mark, backslash or half of a pair (RFC 8259 §7 and 8.2). */
function isPlainText(text: string | undefined): boolean {
  if (text === undefined) return true;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code < 0xe000)) return false;
  }
  return true;
}

/** Durations below 100 ms as they are written, by tenths: the text of a fraction costs more to make than to find. */
const decimals = new Array<string | undefined>(1000);

function decimal(ms: number): string {
  const tenths = Math.round(ms * 10);
  if (!(tenths >= 0 && tenths < decimals.length)) return String(tenths / 10);
  const known = decimals[tenths] ?? String(tenths / 10);
  decimals[tenths] = known;
  return known;
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
