import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { demoCollaborateClient, startCollaborate } from '../emulator/collaborate.ts';
import { demoApplication, startCollibra } from '../emulator/collibra.ts';
import type { Emulator } from '../emulator/emulator.ts';
import { demoClient, startIdp } from '../emulator/idp.ts';
import type { CliContext } from './context.ts';

/** A flag of an emulator: what it means, and the form of its value. */
export interface Flag {
  readonly form: string;
  readonly doc: string;
}

/** What a started emulator says about itself: facts by name, then lines to copy. */
export interface Started {
  readonly emulator: Emulator;
  readonly facts: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

/** The values of the flags that were given. */
export class FlagValues {
  readonly #values: Readonly<Record<string, string | undefined>>;

  constructor(values: Readonly<Record<string, string | undefined>>) {
    this.#values = values;
  }

  /** undefined = not given. */
  text(name: string): string | undefined {
    return this.#values[name];
  }

  /** A comma list. */
  list(name: string): readonly string[] | undefined {
    return this.#values[name]?.split(',').map((item) => item.trim());
  }

  /** @throws UsageError when the value is no whole number in the range. */
  whole(name: string, least: number, most: number): number | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value);
    throw new UsageError(`--${name}: write a whole number from ${least} to ${most}, not ${JSON.stringify(value)}`);
  }
}

/** The command line is wrong. */
export class UsageError extends Error {}

/** An emulator as the command offers it. */
export interface Kind {
  readonly title: string;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly start: (flags: FlagValues, context: CliContext) => Promise<Started>;
}

/** Flags of every emulator. */
export const commonFlags: Readonly<Record<string, Flag>> = {
  host: { form: 'ADDRESS', doc: 'address to listen on; default 127.0.0.1, this machine only' },
  port: { form: 'N', doc: 'port to listen on; default any free one' },
  faults: { form: 'JSON', doc: 'faults to start with, as POST /__faults takes them' },
};
const clientFlag: Flag = {
  form: 'ID',
  doc: 'the client it knows; its secret is BEARERD_CLIENT_SECRET, default my-secret',
};

/** Members without those that are undefined, so that an emulator's own default applies. */
function given<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  // Only undefined members are missing, and every receiver has them as optional.
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** The emulators by name; a new one is one entry. */
export const kinds: Readonly<Record<string, Kind>> = {
  idp: {
    title: 'identity provider',
    flags: {
      issuer: { form: 'URL', doc: 'iss of its tokens; default its own URL' },
      audience: { form: 'LIST', doc: 'aud values it issues for, the first by default; default collibra' },
      'client-id': clientFlag,
      subject: { form: 'NAME', doc: 'sub of the tokens; default the client id' },
      lifetime: { form: 'SECONDS', doc: 'life of a token; default 300' },
      'token-type': { form: 'TYP', doc: 'typ in the header of the tokens; default at+jwt' },
    },
    start: startIdpFrom,
  },
  collibra: {
    title: 'Collibra',
    flags: {
      'jwks-url': { form: 'URL', doc: 'JSON Web Key Set URL; without it only its own tokens are accepted' },
      'jwks-cache': { form: 'SECONDS', doc: 'how long the key set is kept; default 0: a rotation shows at once' },
      issuer: { form: 'TEXT', doc: 'JWT Issuer; default not compared' },
      audience: { form: 'LIST', doc: 'JWT Audience; default not compared' },
      'token-types': { form: 'LIST', doc: 'JWT Token Types; default at+jwt,jwt' },
      algorithms: { form: 'LIST', doc: 'JWT Algorithms; default all' },
      'principal-claim': { form: 'NAME', doc: 'JWT Principal ID Claim Name; default sub' },
      users: { form: 'LIST', doc: 'users who exist; default my-app' },
      'clock-skew': { form: 'SECONDS', doc: 'JWT Maximum Clock Skew; default 0' },
      'client-id': clientFlag,
    },
    start: startCollibraFrom,
  },
  collaborate: {
    title: 'Collaborate',
    flags: {
      key: { form: 'KEY', doc: 'the key it knows; its secret is BEARERD_SECRET, default a made-up one' },
      'public-key': { form: 'FILE', doc: 'PEM of an RSA public key: assertions are then RS256, RS384 or RS512' },
      'base-path': { form: 'PATH', doc: 'path before every resource; default /collab/api/csa' },
      'assertion-in': { form: 'body|query', doc: 'where the assertion has to be; default body' },
      lifetime: { form: 'SECONDS', doc: 'life of a token; default 360' },
    },
    start: startCollaborateFrom,
  },
};

async function startIdpFrom(flags: FlagValues, context: CliContext): Promise<Started> {
  const id = flags.text('client-id') ?? demoClient.id;
  const [first, ...others] = flags.list('audience') ?? ['collibra'];
  const secret = context.env['BEARERD_CLIENT_SECRET'];
  const idp = await startIdp({
    ...listenOptions(flags),
    ...given({
      issuer: flags.text('issuer'),
      lifetimeSeconds: flags.whole('lifetime', 1, 31_536_000),
      typ: flags.text('token-type'),
    }),
    audiences: [first ?? 'collibra', ...others],
    clients: [{ id, secret: secret ?? demoClient.secret, ...given({ subject: flags.text('subject') }) }],
  });
  return {
    emulator: idp,
    facts: { issuer: idp.issuer, tokenEndpoint: idp.tokenEndpoint, jwksUrl: idp.jwksUrl, clientId: id },
    lines: [
      `curl -u ${id}:${secret === undefined ? demoClient.secret : '"$BEARERD_CLIENT_SECRET"'} -d grant_type=client_credentials ${idp.tokenEndpoint}`,
    ],
  };
}

async function startCollibraFrom(flags: FlagValues, context: CliContext): Promise<Started> {
  const cacheSeconds = flags.whole('jwks-cache', 0, 86_400);
  const id = flags.text('client-id') ?? demoApplication.id;
  const collibra = await startCollibra({
    ...listenOptions(flags),
    ...given({
      jwksUrl: flags.text('jwks-url'),
      jwksCacheMs: cacheSeconds === undefined ? undefined : cacheSeconds * 1000,
      issuer: flags.text('issuer'),
      audience: flags.list('audience'),
      tokenTypes: flags.text('token-types'),
      algorithms: flags.list('algorithms'),
      principalClaim: flags.text('principal-claim'),
      users: flags.list('users'),
      clockSkewSeconds: flags.whole('clock-skew', 0, 86_400),
    }),
    clients: [{ id, secret: context.env['BEARERD_CLIENT_SECRET'] ?? demoApplication.secret }],
  });
  return {
    emulator: collibra,
    facts: { tokenEndpoint: collibra.tokenEndpoint, clientId: id },
    lines: [`curl -H "Authorization: Bearer $TOKEN" ${collibra.url}/rest/2.0/communities`],
  };
}

async function startCollaborateFrom(flags: FlagValues, context: CliContext): Promise<Started> {
  const key = flags.text('key') ?? demoCollaborateClient.key;
  const secret = context.env['BEARERD_SECRET'] ?? demoCollaborateClient.secret;
  const place = flags.text('assertion-in') ?? 'body';
  if (place !== 'body' && place !== 'query') throw new UsageError('--assertion-in: write body or query');
  const file = flags.text('public-key');
  const collaborate = await startCollaborate({
    ...listenOptions(flags),
    ...given({ basePath: flags.text('base-path'), lifetimeSeconds: flags.whole('lifetime', 1, 31_536_000) }),
    assertionIn: place,
    client: {
      key,
      secret,
      ...given({ publicKey: file === undefined ? undefined : readPem(resolve(context.cwd, file)) }),
    },
  });
  return {
    emulator: collaborate,
    facts: { tokenEndpoint: collaborate.tokenEndpoint, key },
    lines: [`curl -H "Authorization: Bearer $TOKEN" ${collaborate.url}/sessions`],
  };
}

function listenOptions(flags: FlagValues): { host?: string; port?: number } {
  return given({ host: flags.text('host'), port: flags.whole('port', 0, 65_535) });
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`--public-key: ${path} cannot be read; name a PEM file`, { cause });
  }
}
