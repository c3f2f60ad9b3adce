import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { demoCollaborateClient, startCollaborate } from '../../src/emulator/collaborate.ts';
import { demoApplication, startCollibra } from '../../src/emulator/collibra.ts';
import { demoClient, startIdp } from '../../src/emulator/idp.ts';
import { launchBearerd, repository } from '../support/bearerd-process.ts';

// Issue 2: each file of config/ is started as its first lines say, against the emulators, and serves a request.

const idp = await startIdp();
t.teardown(idp.close);
const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra' });
t.teardown(collibra.close);
const collaborate = await startCollaborate();
t.teardown(collaborate.close);
const folder = mkdtempSync(join(tmpdir(), 'bearerd-e2e-'));
t.teardown(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'client-secret'), `${demoClient.secret}\n`, { mode: 0o600 });

const client = { COLLIBRA_URL: collibra.url, TOKEN_ENDPOINT: idp.tokenEndpoint, CLIENT_ID: demoClient.id };

/** The variables that a sample names, and a request to the API behind it. */
const samples: Readonly<Record<string, { env: Record<string, string>; path: string; words: string }>> = {
  'collibra.yaml': {
    env: { ...client, CLIENT_SECRET: demoClient.secret },
    path: '/rest/2.0/communities',
    words: 'Data Governance Council',
  },
  'collibra-oauth.yaml': {
    env: { COLLIBRA_URL: collibra.url, CLIENT_ID: demoApplication.id, CLIENT_SECRET: demoApplication.secret },
    path: '/rest/2.0/communities',
    words: 'Data Governance Council',
  },
  'collaborate.yaml': {
    env: {
      COLLAB_URL: collaborate.url,
      COLLAB_KEY: demoCollaborateClient.key,
      COLLAB_SECRET: demoCollaborateClient.secret,
    },
    path: '/sessions',
    words: 'One of the sessions',
  },
  'sidecar.yaml': {
    env: { ...client, CLIENT_SECRET_FILE: join(folder, 'client-secret') },
    path: '/rest/2.0/communities',
    words: 'Data Governance Council',
  },
  // for the image, where variables name everything but the addresses
  'container.yaml': {
    env: {
      BEARERD_UPSTREAM: collibra.url,
      BEARERD_TOKEN_ENDPOINT: idp.tokenEndpoint,
      BEARERD_CLIENT_ID: demoClient.id,
      BEARERD_CLIENT_SECRET_FILE: join(folder, 'client-secret'),
    },
    path: '/rest/2.0/communities',
    words: 'Data Governance Council',
  },
};

t.test('each sample has a row here', async (t) => {
  t.same(
    readdirSync(join(repository, 'config')).filter((name) => /\.(ya?ml|json)$/.test(name) && name !== 'schema.json'),
    Object.keys(samples).sort(),
  );
});

t.jobs = 2;

for (const [name, { env, path, words }] of Object.entries(samples)) {
  t.test(`config/${name} starts and serves a request`, async (t) => {
    const bearerd = launchBearerd({ folder: repository, flags: ['--config', `config/${name}`], env });
    t.teardown(() => bearerd.stop());
    await bearerd.ready();
    t.notMatch(bearerd.stderr, /warning/, 'a sample is without warnings');
    const answer = await fetch(bearerd.url + path);
    t.equal(answer.status, 200);
    t.match(await answer.text(), words);
    const port = new URL(bearerd.adminUrl).port;
    t.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);
    t.same(await bearerd.stop(), { code: 0, signal: undefined });
  });
}
