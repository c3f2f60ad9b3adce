import type { Case } from './case.ts';
import { badResponseCases } from './cases-bad-responses.ts';
import { framingCases } from './cases-framing.ts';
import { headerCases } from './cases-headers.ts';
import { hostCases } from './cases-host.ts';
import { limitCases } from './cases-limits.ts';
import { methodCases } from './cases-methods.ts';
import { placeCases } from './cases-places.ts';
import { responseCases } from './cases-responses.ts';
import { targetCases } from './cases-target.ts';
import { websocketCases } from './cases-websocket.ts';

/** Every case, by topic, in the order of the page. */
export const topics: readonly (readonly [name: string, cases: readonly Case[]])[] = [
  ['Request line and target', targetCases],
  ['Who may call: Host, origins, CORS', hostCases],
  ['Methods', methodCases],
  ['Framing of requests', framingCases],
  ['Header fields of requests, hop by hop', headerCases],
  ['Answers', responseCases],
  ['Malformed and broken answers', badResponseCases],
  ['Redirects, links and cookies', placeCases],
  ['WebSocket and other upgrades', websocketCases],
  ['Time-outs, dead connections, limits', limitCases],
];

/** Every case. */
export const allCases: readonly Case[] = topics.flatMap(([, cases]) => cases);
