import type { RouteTally } from '../admin/tally.ts';
import type { RequestHeaderRules } from '../upstream/request-headers.ts';
import type { ResponseHeaderRules } from '../upstream/response-headers.ts';
import type { RoundTrip } from '../upstream/round-trip.ts';
import type { Policy } from './policy.ts';

/** Everything that the data path needs to know of one route, prepared once. */
export interface Route {
  readonly name: string;
  /** The name under which the tokens of its credential are known. */
  readonly credential: string;
  /** Without a trailing slash; empty = everything. */
  readonly prefix: string;
  /** Path of the upstream without a trailing slash. */
  readonly base: string;
  /** WebSocket upgrades are passed on; otherwise Upgrade is ignored. */
  readonly websocket: boolean;
  /** What may be asked; undefined = everything. */
  readonly policy: Policy | undefined;
  /** A caller's own Authorization: replaced, kept, or a reason to refuse the request. */
  readonly authorization: 'replace' | 'keep' | 'reject';
  readonly requestRules: RequestHeaderRules;
  /** Lower-case name of the header field that names the subject of the token; undefined = every caller has the same token. */
  readonly subjectHeader: string | undefined;
  /** With no CORS fields: those depend on the request. */
  readonly responseRules: ResponseHeaderRules;
  /** Bytes of a request body that are remembered. */
  readonly replayBytes: number;
  /** With our token. */
  readonly authenticated: RoundTrip;
  /** Without it: for requests that bring their own Authorization under `keep`. */
  readonly plain: RoundTrip;
  readonly tally: RouteTally;
}
