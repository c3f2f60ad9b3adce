import type { OAuthClient } from '../emulator/client-credentials.ts';
import { type Collaborate, demoCollaborateClient, startCollaborate } from '../emulator/collaborate.ts';
import { type Collibra, startCollibra } from '../emulator/collibra.ts';
import { type Idp, startIdp } from '../emulator/idp.ts';

/** A route of the demo, in the words of the configuration file. */
export interface DemoRoute {
  readonly name: string;
  readonly path: string;
  readonly upstream: string;
  readonly preset: 'collibra' | 'collaborate';
  /** The keys of its credential. */
  readonly credential: Readonly<Record<string, string>>;
}

/** A proxy in front of the emulators. */
export interface DemoProxy {
  /** Where the listener is, `http://host:port`. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Starts a proxy with these routes; the demo gives the real one, a test may give another. */
export type StartProxy = (routes: readonly DemoRoute[]) => Promise<DemoProxy>;

/** Everything that the demo needs besides the proxy. */
export interface DemoWorld {
  readonly idp: Idp;
  readonly collibra: Collibra;
  readonly collaborate: Collaborate;
  readonly routes: readonly DemoRoute[];
  readonly close: () => Promise<void>;
}

/** Clients that the IdP knows, and what is particular about each; the names are those of the routes. */
const clients = {
  collibra: {},
  'wrong-type': { token: { typ: 'vendor-internal-at+jwt' } },
  opaque: { token: { opaque: true } },
  'unknown-user': {},
  'short-life': { token: { lifetimeSeconds: 3 } },
  outage: {},
} as const satisfies Record<string, Partial<OAuthClient>>;

/** Names of the demo's routes. */
export type DemoRouteName = keyof typeof clients | 'collaborate';

const secret = 'my-secret';

/** Starts the three emulators on loopback and says which routes lead to them. */
export async function startWorld(): Promise<DemoWorld> {
  const known = Object.entries(clients).map(([name, more]): OAuthClient => ({ id: `app-${name}`, secret, ...more }));
  const idp = await startIdp({ clients: known });
  const users = known.map(({ id }) => id).filter((id) => id !== 'app-unknown-user');
  const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra', users });
  const collaborate = await startCollaborate();
  const viaIdp = Object.keys(clients).map(
    (name): DemoRoute => ({
      name,
      path: name === 'collibra' ? '/' : `/${name}`,
      upstream: collibra.url,
      preset: 'collibra',
      credential: {
        provider: 'client-credentials',
        tokenEndpoint: idp.tokenEndpoint,
        clientId: `app-${name}`,
        clientSecret: secret,
      },
    }),
  );
  const { key, secret: sharedSecret } = demoCollaborateClient;
  const direct: DemoRoute = {
    name: 'collaborate',
    path: '/collaborate',
    upstream: collaborate.url,
    preset: 'collaborate',
    credential: { provider: 'collaborate', key, secret: sharedSecret },
  };
  return {
    idp,
    collibra,
    collaborate,
    routes: [...viaIdp, direct],
    close: async () => {
      await Promise.all([idp.close(), collibra.close(), collaborate.close()]);
    },
  };
}
