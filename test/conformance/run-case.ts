import type { Case, ClientExpectation } from './case.ts';
import { type Conversation, converse } from './raw-client.ts';
import type { ArrivedBytes, RawUpstream } from './raw-upstream.ts';

/** What became of a case. */
export interface Verdict {
  readonly id: string;
  /** What was not as it must be; empty = passed. */
  readonly faults: readonly string[];
  /** What was seen, in short. */
  readonly seen: string;
}

/** Runs one case against the proxy at a port. */
export async function runCase(one: Case, port: number, upstream: RawUpstream, patienceMs = 4_000): Promise<Verdict> {
  await upstream.play(one.upstream);
  const { client } = one;
  const conversation = await converse(port, one.send, {
    answers: client.status.length,
    closed: client.aborted === true || client.connection === 'closed' || client.status.length === 0,
    tunnelBytes: client.tunnel?.length ?? 0,
    patienceMs,
  });
  // a request may still be on its way to the upstream when its refusal is already here
  if (one.seen === 'nothing') await new Promise((resolve) => setTimeout(resolve, 5));
  const authority = `127\\.0\\.0\\.1:${upstream.port}`;
  const head = client.head?.map(({ source, flags }) => new RegExp(source.replaceAll('UPSTREAM', authority), flags));
  const expected = head === undefined ? client : { ...client, head };
  const faults = [...clientFaults(expected, conversation), ...upstreamFaults(one, upstream)];
  return { id: one.id, faults, seen: summary(conversation, upstream.arrived) };
}

function clientFaults(expected: ClientExpectation, { answers, ...rest }: Conversation): string[] {
  const faults: string[] = [];
  const statuses = answers.map(({ status }) => status);
  const fits =
    statuses.length === expected.status.length &&
    expected.status.every((wanted, i) => [wanted].flat().includes(statuses[i] ?? 0));
  if (!fits) faults.push(`status ${statuses.join(', ') || 'none'}, not ${JSON.stringify(expected.status)}`);
  const last = answers.at(-1);
  if (last !== undefined) {
    for (const pattern of expected.head ?? []) {
      if (!pattern.test(last.head)) faults.push(`no ${pattern} in the head ${JSON.stringify(last.head)}`);
    }
    if (expected.body !== undefined && last.body !== expected.body) faults.push(`body ${shown(last.body)}`);
    if (expected.trailers !== undefined && last.trailers !== expected.trailers)
      faults.push(`trailers ${shown(last.trailers)}`);
    if (last.complete === (expected.aborted ?? false)) {
      faults.push(last.complete ? 'a clean end' : `not complete (${rest.ending})`);
    }
    if (expected.headWithinMs !== undefined && last.headMs > expected.headWithinMs) {
      faults.push(`the head came after ${Math.round(last.headMs)} ms`);
    }
  }
  for (const pattern of expected.never ?? []) {
    if (pattern.test(rest.received)) faults.push(`${pattern} in ${shown(rest.received)}`);
  }
  if (expected.exact !== undefined && rest.received !== expected.exact) faults.push(`bytes ${shown(rest.received)}`);
  if (expected.tunnel !== undefined && rest.tunnel !== expected.tunnel) faults.push(`tunnel ${shown(rest.tunnel)}`);
  if (expected.informational !== undefined && rest.informational.join() !== expected.informational.join()) {
    faults.push(`informational ${rest.informational.join() || 'none'}`);
  }
  if (expected.connection !== undefined && (rest.ending === 'open') !== (expected.connection === 'open')) {
    faults.push(rest.ending === 'open' ? 'connection left open' : 'connection closed');
  }
  return faults;
}

function upstreamFaults({ seen }: Case, upstream: RawUpstream): string[] {
  if (seen === 'anything') return [];
  const { arrived } = upstream;
  if (seen === 'nothing') {
    return upstream.touched ? [`the upstream got ${shown(arrived.at(-1)?.head ?? 'a part of a head')}`] : [];
  }
  const faults: string[] = [];
  const wanted = seen.requests ?? 1;
  if (arrived.length !== wanted) faults.push(`${arrived.length} upstream requests, not ${wanted}`);
  const last = arrived.at(-1);
  if (last === undefined) return faults;
  const line = last.head.split('\r\n', 1)[0] ?? '';
  if (seen.line !== undefined && line !== seen.line) faults.push(`request line ${shown(line)}`);
  for (const pattern of seen.head ?? []) {
    if (!pattern.test(last.head)) faults.push(`upstream has no ${pattern}: ${shown(last.head)}`);
  }
  for (const pattern of seen.lacks ?? []) {
    if (pattern.test(last.head)) faults.push(`upstream has ${pattern}: ${shown(last.head)}`);
  }
  if (seen.body !== undefined && last.body !== seen.body) faults.push(`upstream body ${shown(last.body)}`);
  return faults;
}

function summary({ answers, informational, ending }: Conversation, arrived: readonly ArrivedBytes[]): string {
  const statuses = [
    ...informational,
    ...answers.map(({ status, complete }) => `${status}${complete ? '' : ' cut off'}`),
  ];
  const end = statuses.length === 0 ? (ending === 'open' ? 'no answer' : 'closed') : statuses.join(', ');
  return `${end}; ${arrived.length === 0 ? 'nothing' : arrived.length === 1 ? '1 request' : `${arrived.length} requests`} upstream`;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 400 ? `${text.slice(0, 400)}…` : text);
}
