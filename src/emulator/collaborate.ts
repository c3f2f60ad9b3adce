import { randomBytes, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import type { Answer } from './answer.ts';
import { bearerToken, sections } from './bearer-token.ts';
import { type CollaborateClient, judgeAssertion } from './collaborate-assertion.ts';
import { type Call, type Emulator, type ListenOptions, startEmulator } from './emulator.ts';
import { commonFaults, Faults } from './faults.ts';
import { IssuedTokens } from './issued-tokens.ts';
import { Traffic } from './traffic.ts';

/** How the emulated Collaborate is set up. */
export interface CollaborateOptions extends ListenOptions {
  /** The client it serves; default `my-collab-rest-key` with a made-up secret. */
  readonly client?: CollaborateClient;
  /** Path before every resource, `/token` included; default `/collab/api/csa` as on the current hosts. */
  readonly basePath?: string;
  /** Where the assertion is expected; default body. */
  readonly assertionIn?: 'body' | 'query';
  /** Seconds of life of an access token; default 360 (wire facts 1.3). */
  readonly lifetimeSeconds?: number;
  /** Wall clock, epoch milliseconds. */
  readonly nowMs?: () => number;
}

/** A running Collaborate; its `url` includes the base path. */
export interface Collaborate extends Emulator {
  readonly tokenEndpoint: string;
}

/** The client that the emulated Collaborate knows unless told otherwise; no secret of anybody. */
export const demoCollaborateClient: CollaborateClient = {
  key: 'my-collab-rest-key',
  secret: '0F0E0D0C-0B0A-4908-8706-050403020100',
};

/** A recording that exists but may not be read: 403 (wire facts 1.3). */
export const forbiddenRecordingId = '00000000000000000000000000000403';
/** A session and a recording that exist. */
export const knownCollaborateId = '00000000000000000000000000000001';

interface Setup {
  readonly options: CollaborateOptions;
  readonly client: CollaborateClient;
  readonly basePath: string;
  readonly faults: Faults;
  readonly traffic: Traffic;
  readonly issued: IssuedTokens;
  readonly serverKey: Uint8Array;
  readonly nowMs: () => number;
}

/** Starts the Collaborate REST API: `/token` for RFC 7523 assertions, sessions and recordings. */
export async function startCollaborate(options: CollaborateOptions = {}): Promise<Collaborate> {
  const nowMs = options.nowMs ?? Date.now;
  const basePath = (options.basePath ?? '/collab/api/csa').replace(/\/+$/, '');
  const issued = new IssuedTokens(nowMs);
  const traffic = new Traffic();
  const faults = new Faults([...commonFaults, 'refuse'], {
    revoke: () => issued.withdraw('revoked'),
    expire: () => issued.withdraw('expired'),
  });
  const client = options.client ?? demoCollaborateClient;
  const setup: Setup = { options, client, basePath, faults, traffic, issued, serverKey: randomBytes(32), nowMs };
  const emulator = await startEmulator(options, () => ({
    faults,
    traffic,
    kindOf: (path) => (path === `${basePath}/token` ? 'token' : 'api'),
    respond: (call) => answer(call, setup),
  }));
  const url = emulator.url + basePath;
  return { ...emulator, url, tokenEndpoint: `${url}/token` };
}

async function answer(call: Call, setup: Setup): Promise<Answer> {
  if (call.path !== setup.basePath && !call.path.startsWith(`${setup.basePath}/`)) return notFound;
  const path = call.path.slice(setup.basePath.length);
  if (path === '/token') return issue(call, setup);
  const token = bearerToken(call.headers.authorization);
  const accepted = token !== undefined && (await accepts(token, setup));
  if (accepted && call.refuse !== undefined)
    return failure(401, call.refuse, 'This refusal was asked for at /__faults.');
  if (!accepted) return failure(401, 'unauthorized', 'The access token is missing, expired or not valid.');
  return resource(call, path);
}

async function issue(call: Call, setup: Setup): Promise<Answer> {
  const { client, options, nowMs } = setup;
  const refused = await judgeAssertion(call, {
    client,
    nowMs,
    ...(options.assertionIn ? { assertionIn: options.assertionIn } : {}),
  });
  if (refused !== undefined) return failure(refused.status, refused.errorKey, refused.errorMessage);
  const lifetimeSeconds = setup.faults.current.lifetimeSeconds ?? options.lifetimeSeconds ?? 360;
  const iat = Math.floor(nowMs() / 1000);
  // The members of the sample token in the vendor's page (no typ in its header), and jti: no two tokens may be equal.
  const claims = { type: 1, consumer: consumerOf(client.key), jti: randomUUID(), iat, exp: iat + lifetimeSeconds };
  const token = await new SignJWT({ iss: client.key, sub: client.key, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(setup.serverKey);
  return { status: 200, json: { access_token: token, expires_in: lifetimeSeconds } };
}

async function accepts(token: string, setup: Setup): Promise<boolean> {
  const exp = sections(token)?.claims['exp'];
  if (typeof exp === 'number' && exp <= setup.nowMs() / 1000) setup.traffic.countExpiredToken();
  try {
    const currentDate = new Date(setup.nowMs());
    const { payload } = await jwtVerify(token, setup.serverKey, { algorithms: ['HS256'], currentDate });
    return setup.issued.look(token, payload.iat) === undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

const notFound: Answer = failure(404, 'resource_not_found', 'There is no such resource.');

function resource(call: Call, path: string): Answer {
  const [, kind, id, ...more] = path.split('/');
  const reading = call.method === 'GET' || call.method === 'HEAD';
  if ((kind !== 'sessions' && kind !== 'recordings') || more.length > 0) return notFound;
  const { bytes, sha256 } = call.body;
  const shown = {
    id: id ?? knownCollaborateId,
    name: `One of the ${kind}`,
    received: { method: call.method, bytes, sha256 },
  };
  if (id === undefined) {
    if (reading) return { status: 200, json: { size: 1, results: [{ id: knownCollaborateId, name: shown.name }] } };
    return call.method === 'POST' && kind === 'sessions' ? { status: 200, json: shown } : notAllowed;
  }
  if (kind === 'recordings' && id === forbiddenRecordingId)
    return failure(403, 'forbidden', 'This recording may not be read.');
  if (id !== knownCollaborateId) return notFound;
  // DELETE answers 200, not 204 (wire facts 1.3).
  if (call.method === 'DELETE') return { status: 200 };
  return reading || call.method === 'PUT' || call.method === 'PATCH' ? { status: 200, json: shown } : notAllowed;
}

const notAllowed: Answer = failure(405, 'method_not_allowed', 'The method is not allowed.');

function failure(status: number, errorKey: string, errorMessage: string): Answer {
  return { status, json: { errorKey, errorMessage }, errorCode: errorKey };
}

function consumerOf(key: string): string {
  return Buffer.from(key.padEnd(16, '.')).subarray(0, 16).toString('hex');
}
