import { setTimeout as delay } from 'node:timers/promises';
import { knownCollaborateId } from '../emulator/collaborate.ts';
import { restrictedAnswer, restrictedAssetId } from '../emulator/collibra-resources.ts';
import type { DemoRouteName, DemoWorld } from './demo-world.ts';

/** A request of the tour. */
export interface TourRequest {
  readonly method: string;
  readonly route: DemoRouteName;
  /** After the route's own path. */
  readonly path: string;
  readonly body?: string;
}

/** What the documents promise for it. */
export interface Promised {
  readonly status: number;
  /** What the API sees, one entry per attempt: its status, and its code where there is one. */
  readonly api: readonly string[];
  readonly tokenRequests: number;
  /** `code` and `upstreamErrorCode` of an answer that bearerd makes itself; undefined = the API's own answer. */
  readonly problem?: { readonly code: string; readonly upstreamErrorCode?: string };
  /** Words of the API's body that have to come through. */
  readonly words?: string;
}

/** One stop of the tour. */
export interface TourStep {
  readonly title: string;
  /** What is documented, in one sentence. */
  readonly documented: string;
  /** Done before the request; not counted. */
  readonly before?: (world: DemoWorld, send: (request: TourRequest) => Promise<unknown>) => Promise<unknown>;
  readonly request: TourRequest;
  readonly promised: Promised;
  readonly after?: (world: DemoWorld) => Promise<unknown>;
}

const communities = { method: 'GET', route: 'collibra', path: '/rest/2.0/communities' } as const;
const asset = JSON.stringify({ name: 'Revenue', domainId: '00000000-0000-0000-0000-000000000001' });
const newAsset = { method: 'POST', route: 'collibra', path: '/rest/2.0/assets', body: asset } as const;
const sessions = { method: 'GET', route: 'collaborate', path: '/sessions' } as const;

/** The tour, in an order in which no step disturbs a later one. */
export const tour: readonly TourStep[] = [
  {
    title: 'A plain request',
    documented: 'bearerd gets a token and puts it on the request; the caller sends none.',
    request: communities,
    promised: { status: 200, api: ['200'], tokenRequests: 1, words: 'Data Governance Council' },
  },
  {
    title: 'A POST with a body',
    documented: 'The token is used again, the body arrives unchanged.',
    request: newAsset,
    promised: { status: 201, api: ['201'], tokenRequests: 0 },
  },
  {
    title: 'expiredToken: Collibra says that the token is expired',
    documented: 'One refresh, then the same request once more, body included; the caller notices nothing.',
    before: ({ collibra }) => collibra.faults.apply({ expire: true }),
    request: newAsset,
    promised: { status: 201, api: ['401 expiredToken', '201'], tokenRequests: 1 },
  },
  {
    title: 'invalidToken on a token that has worked: it was revoked',
    documented: 'One refresh, then the same request once more.',
    before: ({ collibra }) => collibra.faults.apply({ revoke: true }),
    request: communities,
    promised: { status: 200, api: ['401 invalidToken', '200'], tokenRequests: 1 },
  },
  {
    title: 'invalidToken after a key rotation: the identity provider signs with a new key and withdrew the old one',
    documented: 'One refresh, then the same request once more.',
    before: ({ idp }) => idp.faults.apply({ rotateKeys: true }),
    request: communities,
    promised: { status: 200, api: ['401 invalidToken', '200'], tokenRequests: 1 },
  },
  {
    title: 'invalidToken on a fresh token: its header has a typ that Collibra does not accept',
    documented: 'A new token cannot help, so there is no refresh: 502 that says what to change.',
    request: { ...communities, route: 'wrong-type' },
    promised: {
      status: 502,
      api: ['401 invalidToken'],
      tokenRequests: 1,
      problem: { code: 'BEARERD_TOKEN_INVALID', upstreamErrorCode: 'invalidToken' },
    },
  },
  {
    title: 'malformedToken: the identity provider issues opaque tokens',
    documented: 'A new token cannot help: 502 that says what to change.',
    request: { ...communities, route: 'opaque' },
    promised: {
      status: 502,
      api: ['401 malformedToken'],
      tokenRequests: 1,
      problem: { code: 'BEARERD_TOKEN_MALFORMED', upstreamErrorCode: 'malformedToken' },
    },
  },
  {
    title: 'unableToProcessToken: the principal of the token is no Collibra user',
    documented: 'Not the fault of the token: 502 that says what to check.',
    request: { ...communities, route: 'unknown-user' },
    promised: {
      status: 502,
      api: ['401 unableToProcessToken'],
      tokenRequests: 1,
      problem: { code: 'BEARERD_TOKEN_UNPROCESSABLE', upstreamErrorCode: 'unableToProcessToken' },
    },
  },
  {
    title: 'unableToProcessToken: Collibra cannot reach the key set',
    documented: 'The same; the token is kept.',
    before: ({ idp }) => idp.faults.apply({ jwksDown: true }),
    request: communities,
    promised: {
      status: 502,
      api: ['401 unableToProcessToken'],
      tokenRequests: 0,
      problem: { code: 'BEARERD_TOKEN_UNPROCESSABLE', upstreamErrorCode: 'unableToProcessToken' },
    },
    after: ({ idp }) => idp.faults.apply({ jwksDown: null }),
  },
  {
    title: 'And once the key set is back',
    documented: 'The kept token works; no token request.',
    request: communities,
    promised: { status: 200, api: ['200'], tokenRequests: 0 },
  },
  {
    title: 'A 401 that is not about the token: a missing view permission',
    documented: "Collibra's own answer comes through untouched; no refresh, no second attempt.",
    request: { method: 'GET', route: 'collibra', path: `/rest/2.0/assets/${restrictedAssetId}` },
    promised: { status: 401, api: ['401'], tokenRequests: 0, words: JSON.stringify(restrictedAnswer.json) },
  },
  {
    title: 'An expiry: tokens of three seconds, and a pause of more than that',
    documented: 'An expired token is never sent: a new one is fetched first.',
    before: async (_world, send) => {
      await send({ ...communities, route: 'short-life' });
      await delay(3_200);
    },
    request: { ...communities, route: 'short-life' },
    promised: { status: 200, api: ['200'], tokenRequests: 1 },
  },
  {
    title: 'The identity provider answers with an HTML error page',
    documented: 'Nothing goes to the API; 503 that says what the token endpoint answered.',
    before: ({ idp }) => idp.faults.apply({ html: true, status: 502 }),
    request: { ...communities, route: 'outage' },
    promised: { status: 503, api: [], tokenRequests: 1, problem: { code: 'BEARERD_TOKEN_UNAVAILABLE' } },
    after: ({ idp }) => idp.faults.apply({ html: null, status: null }),
  },
  {
    title: 'Collaborate: a call',
    documented: 'bearerd signs an assertion, gets a token for it and puts it on the request.',
    request: sessions,
    promised: { status: 200, api: ['200'], tokenRequests: 1, words: knownCollaborateId },
  },
  {
    title: 'Collaborate: the token is revoked',
    documented: 'One refresh with a fresh assertion, then the same request once more.',
    before: ({ collaborate }) => collaborate.faults.apply({ revoke: true }),
    request: { ...sessions, method: 'POST', body: JSON.stringify({ name: 'Office hours' }) },
    promised: { status: 200, api: ['401 unauthorized', '200'], tokenRequests: 1 },
  },
];
