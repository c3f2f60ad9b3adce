import { request } from 'node:http';
import { arrange } from '../config/arrangement.ts';
import type { ListenAddress } from '../config/config.ts';
import { readDocument } from '../config/document.ts';
import { findFile } from '../config/find-file.ts';
import type { MapInput, ParseContext } from '../config/input.ts';
import { describeAddress } from '../config/listen-address.ts';
import { fromEnvironment, fromFlags } from '../config/overlay.ts';
import { readSettings } from '../config/read-settings.ts';
import { allSettings } from '../config/setting-names.ts';
import type { CommandLine } from './command-line.ts';
import type { CliContext } from './context.ts';

/** Where the admin listener of a running bearerd should be. */
export interface AdminPlace {
  readonly admin: ListenAddress | 'off' | undefined;
  /** false = the default address, which gives way to the next free port where it is taken. */
  readonly chosen: boolean;
  /** A name that its guard lets in, for answers with reasons. */
  readonly host: string;
}

/** What an admin listener said. */
export interface ProbeAnswer {
  readonly ok: boolean;
  /** One line for people. */
  readonly words: string;
}

/** Ports after the default one where the listener may be; as many as inbound/address.ts tries. */
const nextPorts = 20;

/**
 * Reads only what is needed to find a running instance. Problems are left out of account: the instance may run with the
 * configuration that was there before a mistake was written into the file, and is not ill because of it.
 */
export function adminPlace(
  { env, cwd, home }: Pick<CliContext, 'env' | 'cwd' | 'home'>,
  line: CommandLine,
): AdminPlace {
  const context: ParseContext = { env, cwd, problems: [] };
  const empty: MapInput = { kind: 'map', origin: { kind: 'none' }, entries: new Map() };
  const config = line.options['config'];
  const found = findFile(typeof config === 'string' ? config : undefined, home, context);
  const root = (found === undefined ? undefined : readDocument(found.text, found.name, context)) ?? empty;
  const settings = allSettings([]);
  const overrides = [...fromEnvironment(settings, context), ...fromFlags(settings, line.flags, context)];
  const { admin, adminChosen, guard } = readSettings(arrange(root, overrides, context).top, context);
  return { admin, chosen: adminChosen ?? false, host: guard?.allowedHosts[0] ?? 'localhost' };
}

/**
 * Asks /livez or /readyz. At the default address the first of its ports that answers as bearerd does counts.
 * @param timeoutMs for each port.
 */
export async function probe(place: AdminPlace, path: '/livez' | '/readyz', timeoutMs: number): Promise<ProbeAnswer> {
  const { admin, chosen } = place;
  if (admin === undefined) return { ok: false, words: 'admin is not an address; see bearerd check' };
  if (admin === 'off') return { ok: false, words: 'the admin listener is off; give it an address to be asked at' };
  if (admin.kind === 'fd')
    return {
      ok: false,
      words: `admin is ${describeAddress(admin)}, which only the bearerd that got it can use; give it an address to be asked at`,
    };
  if (admin.kind === 'unix') return ask(admin, place.host, path, timeoutMs);
  if (admin.port === 0) return { ok: false, words: 'admin has port 0, any free one; give it a port to be asked at' };
  const last = chosen ? admin.port : Math.min(65_535, admin.port + nextPorts);
  let first: ProbeAnswer | undefined;
  for (let port = admin.port; port <= last; port += 1) {
    const answer = await ask({ ...admin, port }, place.host, path, timeoutMs);
    if (answer.known) return answer;
    first ??= answer;
  }
  return first ?? { ok: false, words: 'nobody was asked' };
}

/** An address that another process can call. */
type Reachable = Exclude<ListenAddress, { readonly kind: 'fd' }>;

/** Whoever listens on all addresses is asked on loopback. */
function target(
  address: Reachable,
): { readonly host: string; readonly port: number } | { readonly socketPath: string } {
  if (address.kind === 'unix') return { socketPath: address.path };
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : /^[0:]+$/.test(address.host) ? '::1' : address.host;
  return { host, port: address.port };
}

function ask(
  address: Reachable,
  host: string,
  path: string,
  timeoutMs: number,
): Promise<ProbeAnswer & { readonly known: boolean }> {
  const where = `${describeAddress(address)} ${path}`;
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const fail = (error: Error): void => {
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : error.message;
      resolve({ ok: false, known: false, words: `${where}: ${why}` });
    };
    const sent = request({ ...target(address), path, signal, agent: false, headers: { Host: host } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', fail);
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        const reading = readAnswer(Buffer.concat(chunks).toString('utf8'));
        const why = reading.reasons.length === 0 ? '' : `: ${reading.reasons.join('; ')}`;
        resolve({ ok: status === 200 && reading.known, known: reading.known, words: `${where}: ${status}${why}` });
      });
    });
    sent.on('error', fail);
    sent.end();
  });
}

/** An empty body is the bare status for a Host that the guard does not let in. */
function readAnswer(body: string): { readonly known: boolean; readonly reasons: readonly string[] } {
  if (body === '') return { known: true, reasons: [] };
  try {
    const answer: unknown = JSON.parse(body);
    if (typeof answer !== 'object' || answer === null) return { known: false, reasons: [] };
    const known = 'live' in answer || 'ready' in answer;
    const reasons = 'reasons' in answer && Array.isArray(answer.reasons) ? answer.reasons.map(String) : [];
    return { known, reasons };
  } catch {
    return { known: false, reasons: [] };
  }
}
