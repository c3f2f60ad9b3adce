import { reachesBelow } from './allow-rule.ts';
import type { Part } from './arrangement.ts';
import type { ListenAddress, RouteConfig } from './config.ts';
import { isPlainHttpBeyondLoopback, unverified } from './credential.ts';
import { complain, join, type MapInput, type ParseContext, textInput } from './input.ts';
import { describeAddress, isLoopbackHost } from './listen-address.ts';
import { nearestName } from './nearest-name.ts';
import { originOf } from './option/group.ts';
import { valueAt, withValue } from './overlay.ts';
import { checkOpenAddresses } from './read-settings.ts';
import { presetDefaults, route } from './schema.ts';
import type { Draft } from './shape.ts';

/** A route as far as it could be read. */
export interface ReadRoute {
  /** As messages call it: `routes[0]`. */
  readonly at: string;
  /** Complete only when no problem was added. */
  readonly config: RouteConfig;
  readonly draft: Draft<typeof route.fields>;
  readonly input: MapInput;
  /** Name of the credential; undefined after a problem. */
  readonly credential: string | undefined;
}

/** Reads all routes and checks them against each other, the credentials and the listeners. */
export function readRoutes(
  parts: readonly Part[],
  credentials: readonly { readonly name: string }[],
  listen: readonly ListenAddress[],
  context: ParseContext,
): readonly ReadRoute[] {
  const names = new Map<string, string>();
  const served = new Map<string, string>();
  return parts.map(({ at, input }) => {
    const draft = route.draft(withPreset(input), at, context);
    const report: Report = (key, problem, cure, severity) =>
      complain(context, originOf(input, key), join(at, key), problem, cure, severity);
    const credential = credentialOf(draft, input, credentials, report);
    checkUpstream(draft, draft.listen ?? listen, report);
    checkPath(draft, at, served, report);
    checkAllow(draft, report);
    if (draft.name !== undefined && names.has(draft.name)) {
      report('name', `'${draft.name}' is already the name of ${names.get(draft.name)}`, 'give each route its own name');
    }
    const name =
      draft.name ?? freeName(draft.preset === undefined || draft.preset === 'none' ? 'default' : draft.preset, names);
    names.set(name, at);
    // Draft says "perhaps undefined" for every key; only keys with a problem are, and then nobody sees the route.
    return {
      at,
      config: { ...draft, name, upstream: draft.upstream?.replace(/\/+$/, ''), credential } as RouteConfig,
      draft,
      input,
      credential,
    };
  });
}

/** The same rule for a route's own addresses as for the common ones; and one address has one certificate. */
export function checkRouteAddresses(
  top: MapInput,
  listen: readonly ListenAddress[],
  routes: readonly ReadRoute[],
  context: ParseContext,
): void {
  const known = new Map(listen.map((address) => [describeAddress(address), tlsIdentity(address)]));
  for (const { draft, input, at } of routes) {
    checkOpenAddresses(draft.listen ?? [], originOf(input, 'listen'), top, context);
    for (const address of draft.listen ?? []) {
      const text = describeAddress(address);
      const identity = tlsIdentity(address);
      if (!text.endsWith(':0') && (known.get(text) ?? identity) !== identity) {
        const problem = `${text} is written with another tls elsewhere, but an address has one certificate`;
        complain(
          context,
          originOf(input, 'listen'),
          join(at, 'listen'),
          problem,
          'write the same tls, or another port',
        );
      }
      known.set(text, identity);
    }
  }
}

function tlsIdentity({ tls }: ListenAddress): string {
  return tls === undefined ? 'plain' : JSON.stringify([tls.cert, tls.key.fingerprint, tls.clientCa]);
}

function freeName(wish: string, taken: ReadonlyMap<string, string>): string {
  let name = wish;
  for (let number = 2; taken.has(name); number++) name = `${wish}-${number}`;
  return name;
}

/** Adds the preset's defaults for keys that are not written. */
function withPreset(input: MapInput): MapInput {
  const preset = valueAt(input, ['preset']);
  const name = preset?.kind === 'scalar' ? String(preset.value) : '';
  let result = input;
  for (const [key, text] of Object.entries(presetDefaults[name] ?? {})) {
    const path = key.split('.');
    const group = path.length > 1 ? valueAt(input, path.slice(0, 1)) : undefined;
    const wrongType = group !== undefined && group.kind !== 'map';
    if (valueAt(input, path) === undefined && !wrongType) {
      result = withValue(result, path, textInput(text, { kind: 'preset', name }));
    }
  }
  return result;
}

type Report = (key: string, problem: string, cure: string, severity?: 'error' | 'warning') => void;

/** Two routes may have the same path only where they have no address in common. */
function checkPath(
  { path, listen }: ReadRoute['draft'],
  at: string,
  served: Map<string, string>,
  report: Report,
): void {
  if (path === undefined) return;
  for (const where of listen?.map(describeAddress) ?? ['']) {
    const place = `${where} ${path}`;
    const first = served.get(place);
    if (first !== undefined)
      report('path', `'${path}' is already the path of ${first}`, 'give each route its own path');
    // every route on a port of its own choosing gets another one
    else if (!where.endsWith(':0')) served.set(place, at);
  }
}

/** A rule for paths that the route does not serve is a mistake: the path is written as callers write it. */
function checkAllow({ allow, path }: ReadRoute['draft'], report: Report): void {
  if (path === undefined) return;
  for (const rule of allow ?? []) {
    if (reachesBelow(rule, path)) continue;
    const problem = `'${rule.text}' can never match, because the route serves ${path} only`;
    report('allow', problem, 'write the path as callers write it, with the path of the route in front');
  }
}

function credentialOf(
  draft: ReadRoute['draft'],
  input: MapInput,
  credentials: readonly { readonly name: string }[],
  report: Report,
): string | undefined {
  const names = credentials.map(({ name }) => name);
  if (draft.credential !== undefined) {
    if (names.includes(draft.credential)) return draft.credential;
    const near = nearestName(draft.credential, names);
    const cure =
      near !== undefined
        ? `did you mean '${near}'?`
        : names.length > 0
          ? `write one of ${names.join(', ')}`
          : `write its keys below credentials: { ${draft.credential}: … }`;
    report('credential', `no credential named '${draft.credential}'`, cure);
    return undefined;
  }
  if (input.entries.has('credential') || names.length === 0) return undefined; // a problem has been reported already
  if (names.length === 1) return names[0];
  report('credential', 'is missing', `write credential: and one of ${names.join(', ')}`);
  return undefined;
}

function checkUpstream(
  { upstream, insecureHttp, tls, http2 }: ReadRoute['draft'],
  listen: readonly ListenAddress[],
  report: Report,
): void {
  if (upstream === undefined) return;
  if (isPlainHttpBeyondLoopback(upstream) && insecureHttp === false) {
    const problem = 'is plain http beyond loopback, so that the token could be read on the way';
    report('upstream', problem, 'write https://, or insecureHttp: true beside it');
  }
  if (http2 === true && upstream.startsWith('http:')) {
    const problem = 'does nothing here: HTTP/2 is agreed on in the TLS handshake, and the upstream is plain http';
    report('http2', problem, 'remove it, or write https:// in upstream', 'warning');
  }
  if (tls?.insecureSkipVerify === true) report('tls.insecureSkipVerify', ...unverified(upstream), 'warning');
  const { hostname, port, protocol } = new URL(upstream);
  const number = Number(port || (protocol === 'https:' ? 443 : 80));
  const own = listen.some(
    (address) => address.kind === 'tcp' && address.port === number && reaches(address.host, hostname),
  );
  // no error: the address may be another program's by then, and a request that comes round is answered 502 at once
  if (own) report('upstream', `is bearerd's own address, ${hostname}:${number}`, "write the API's URL", 'warning');
}

/** A call of this host name arrives at a listener on that host, if the ports are the same. */
function reaches(listening: string, called: string): boolean {
  const host = called.replace(/^\[|\]$/g, '');
  if (!isLoopbackHost(host)) return host === listening;
  return (
    host === listening ||
    ['0.0.0.0', '::', 'localhost'].includes(listening) ||
    (host === 'localhost' && isLoopbackHost(listening))
  );
}
