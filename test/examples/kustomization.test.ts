import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Deployment } from 'kubernetes-types/apps/v1.d.ts';
import type { NetworkPolicy } from 'kubernetes-types/networking/v1.d.ts';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { providers } from '../../src/provider/index.ts';
import { typeComplaints } from '../support/kubernetes-types.ts';
import { kustomized, type Resource, unnamed } from '../support/kustomization.ts';

const folder = join('examples', 'kubernetes', 'shared-cache');
const production = join(folder, 'overlays', 'production');

/** The one of this kind and name. The types are judged by the compiler in the first test. */
function named<T>(resources: readonly Resource[], kind: string, name: string): T {
  const found = resources.filter((one) => one.kind === kind && one.metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} × ${kind} ${name}`);
  return found[0] as unknown as T;
}

t.test('base and overlay can be built, name every file, and are what the published types say', async (t) => {
  t.same([...unnamed(join(folder, 'base')), ...unnamed(production)], []);
  const built = kustomized(production);
  t.equal(built.length, 8);
  t.equal(await typeComplaints(t, [...kustomized(join(folder, 'base')), ...built]), '');
  const misspelt = JSON.parse(JSON.stringify(built).replace('podSelector', 'podselector'));
  t.match(await typeComplaints(t, misspelt), /podselector/, 'a mistake would be seen');
});

t.test('the overlay changes what it means to change', async (t) => {
  const [base, overlay] = [kustomized(join(folder, 'base')), kustomized(production)];
  const [before, after] = [base, overlay].map((all) => named<Deployment>(all, 'Deployment', 'legacy-app'));
  t.match([before?.spec?.replicas, after?.spec?.replicas], [2, 20]);
  const bearerd = after?.spec?.template.spec?.initContainers?.[0];
  t.equal(bearerd?.image, 'registry.example.com/bearerd:0.1.0');
  t.match(bearerd?.env, [
    { name: 'BEARERD_CONFIG', value: '/etc/bearerd/bearerd.yaml' },
    { name: 'COLLIBRA_URL', value: 'https://collibra.example.com' },
    { name: 'TOKEN_ENDPOINT', value: 'https://login.example.com/oauth2/token' },
    { name: 'CLIENT_ID' },
  ]);
  const policy = named<NetworkPolicy>(overlay, 'NetworkPolicy', 'legacy-app');
  t.notMatch(JSON.stringify(policy), '0.0.0.0/0', 'the addresses are named');
  const fixed = (one: NetworkPolicy) => one.spec?.egress?.slice(0, 2);
  t.same(
    fixed(policy),
    fixed(named<NetworkPolicy>(base, 'NetworkPolicy', 'legacy-app')),
    'name service and cache stay',
  );
});

t.test('what the manifests say of each other is true', async (t) => {
  const built = kustomized(production);
  const app = named<Deployment>(built, 'Deployment', 'legacy-app');
  const cache = named<Deployment>(built, 'Deployment', 'token-cache');
  for (const { spec } of [app, cache]) t.same(spec?.selector.matchLabels, spec?.template.metadata?.labels);
  const pod = app.spec?.template.spec;
  t.ok(built.some(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === pod?.serviceAccountName));
  const text = JSON.stringify(built);
  const labels = new Set(
    [...text.matchAll(/"podSelector":\{"matchLabels":\{"app":"([^"]+)"/g)].map(([, name]) => name),
  );
  t.same([...labels].toSorted(), ['legacy-app', 'token-cache']);
  for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
    const mounts = container.volumeMounts?.map(({ name }) => name) ?? [];
    t.same(
      mounts.filter((name) => !pod?.volumes?.some((volume) => volume.name === name)),
      [],
      container.name,
    );
  }
});

t.test('its configuration is one, and every file that it reads is mounted', async (t) => {
  const built = kustomized(production);
  const pod = named<Deployment>(built, 'Deployment', 'legacy-app').spec?.template.spec;
  const bearerd = pod?.initContainers?.[0];
  const home = t.testdir({
    identity: { token: 'a.b.c' },
    cache: { url: 'redis://:x@token-cache:6379', key: 'k'.repeat(44) },
  });
  for (const secret of ['identity/token', 'cache/url', 'cache/key']) chmodSync(join(home, secret), 0o640);
  const text = readFileSync(join(folder, 'base', 'bearerd.yaml'), 'utf8');
  for (const secret of ['identity/token', 'cache/url', 'cache/key']) chmodSync(join(home, secret), 0o440); // defaultMode
  const file = join(home, 'bearerd.yaml');
  writeFileSync(file, text.replaceAll('/var/run/secrets/bearerd', home));
  const env = Object.fromEntries((bearerd?.env ?? []).map(({ name, value = '' }) => [name, value]));
  const { config, warnings } = loadConfig({
    file,
    env: { ...env, BEARERD_CONFIG: undefined },
    flags: {},
    cwd: process.cwd(),
    home: undefined,
    providers,
  });
  t.match(config.credentials, [{ kind: 'token-exchange' }]);
  t.match(config.tokens.cache, { kind: 'redis' });
  const read = [...text.matchAll(/file: (\S+) \}/g)].map(([, path]) => path);
  const given = (bearerd?.volumeMounts ?? []).flatMap(({ name, mountPath }) => {
    const sources = pod?.volumes?.find((volume) => volume.name === name)?.projected?.sources ?? [];
    return sources.flatMap(({ serviceAccountToken, secret }) =>
      [...(serviceAccountToken === undefined ? [] : [serviceAccountToken]), ...(secret?.items ?? [])].map(
        ({ path }) => `${mountPath}/${path}`,
      ),
    );
  });
  t.same(read.toSorted(), given.toSorted());
  t.same(warnings, []);
  const grace = Number(pod?.terminationGracePeriodSeconds);
  t.ok(config.drainTimeout < grace * 1000, 'a stop is over before the pod is killed');
});

t.test('what does not fit is found', async (t) => {
  const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\n';
  const cases: readonly (readonly [string, RegExp])[] = [
    ['resources: [b.yaml]', /ENOENT.*b\.yaml/],
    ['resources: [a.yaml]\npatches: [{ path: p.yaml }]', /p\.yaml: there is no Deployment b/],
    ['resources: [a.yaml]\nimages: [{ name: x, newName: y, newTag: z }]', /no container has the image x/],
    ['resources: [a.yaml]\nnamePrefix: x', /namePrefix is not understood/],
  ];
  for (const [text, message] of cases) {
    const files = { 'kustomization.yaml': text, 'a.yaml': deployment, 'p.yaml': deployment.replace('a }', 'b }') };
    const made = t.testdir(files);
    t.throws(() => kustomized(made), { message });
  }
});
