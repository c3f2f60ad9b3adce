import { startCollaborate } from '../../src/emulator/collaborate.ts';
import { startCollibra } from '../../src/emulator/collibra.ts';
import { startIdp } from '../../src/emulator/idp.ts';
import { type BearerdProcess, startBearerd } from './bearerd-process.ts';

/** What stands behind the status page in tests and pictures: the shipped program before emulated services. */
export interface PageScene {
  readonly bearerd: BearerdProcess;
  readonly secret: string;
  readonly idp: Awaited<ReturnType<typeof startIdp>>;
  readonly collibra: Awaited<ReturnType<typeof startCollibra>>;
  readonly close: () => Promise<void>;
}

/**
 * @param lifetimeSeconds of the tokens for Collibra; those of the other routes live longer
 * @param more further settings of the configuration
 */
export async function startPageScene(lifetimeSeconds: number, more: object = {}): Promise<PageScene> {
  const secret = 'page-canary-6b1f0c9e2d';
  const idp = await startIdp({
    clients: [
      { id: 'catalog-app', secret, token: { lifetimeSeconds } },
      { id: 'wrong-type-app', secret, token: { typ: 'vendor-internal-at+jwt' } },
    ],
  });
  const users = ['catalog-app', 'wrong-type-app'];
  const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra', users });
  const collaborate = await startCollaborate({ client: { key: 'collab-key', secret: `${secret}-collaborate` } });
  const client = { tokenEndpoint: idp.tokenEndpoint };
  const bearerd = await startBearerd({
    config: {
      ...more,
      log: { format: 'json' },
      tokens: { eager: true },
      routes: [
        { name: 'catalog', path: '/', upstream: collibra.url, preset: 'collibra', credential: 'catalog' },
        {
          name: 'sessions',
          path: '/collab',
          upstream: collaborate.url,
          preset: 'collaborate',
          credential: 'collaborate',
        },
        { name: 'wrong-type', path: '/lineage', upstream: collibra.url, preset: 'collibra', credential: 'lineage' },
        { name: 'reports', path: '/reports', upstream: collibra.url, preset: 'collibra', credential: 'reports' },
      ],
      credentials: {
        catalog: { ...client, clientId: 'catalog-app', clientSecret: secret },
        collaborate: { provider: 'collaborate', key: 'collab-key', secret: `${secret}-collaborate` },
        lineage: { ...client, clientId: 'wrong-type-app', clientSecret: secret },
        reports: { ...client, clientId: 'reports-app', clientSecret: `${secret}-old` },
      },
    },
  });
  return {
    bearerd,
    secret,
    idp,
    collibra,
    close: async () => {
      await bearerd.stop('SIGKILL');
      await Promise.all([idp.close(), collibra.close(), collaborate.close()]);
    },
  };
}
