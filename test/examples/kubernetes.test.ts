import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, Pod } from 'kubernetes-types/core/v1.d.ts';
import t from 'tap';
import { parse } from 'yaml';
import { typeComplaints } from '../support/kubernetes-types.ts';

function manifest(name: string): Pod {
  return parse(readFileSync(join('examples', 'kubernetes', name), 'utf8'));
}

t.test('both manifests are pods in the words of the published types', async (t) => {
  for (const name of ['pod.yaml', 'pod-native-sidecar.yaml']) {
    const pod = manifest(name);
    t.equal(await typeComplaints(t, [pod]), '', name);
    const misspelt = JSON.parse(JSON.stringify(pod).replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'));
    t.match(await typeComplaints(t, [misspelt]), /readOnlyRootFileSystem/, `${name}: a mistake would be seen`);
  }
});

t.test('the two differ only in how bearerd is started', async (t) => {
  const [native, plain] = [manifest('pod-native-sidecar.yaml'), manifest('pod.yaml')];
  const [sidecar, ...otherInit] = native.spec?.initContainers ?? [];
  t.same(otherInit, []);
  t.match(sidecar, { name: 'bearerd', restartPolicy: 'Always', startupProbe: { httpGet: { path: '/readyz' } } });
  const { restartPolicy: _policy, startupProbe: _probe, ...rest }: Partial<Container> = { ...sidecar };
  const [bearerd, app] = plain.spec?.containers ?? [];
  t.same(rest, bearerd);
  t.same(native.spec?.containers, [app]);
  t.same(native.spec?.volumes, plain.spec?.volumes);
  t.same(native.spec?.securityContext, plain.spec?.securityContext);
  t.same(native.metadata, plain.metadata);
});

t.test('what the manifests and config/sidecar.yaml say of each other is true', async (t) => {
  const pod = manifest('pod.yaml');
  const settings = readFileSync('config/sidecar.yaml', 'utf8');
  const bearerd = pod.spec?.containers[0];
  const named = new Set([...settings.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => name));
  const given = new Set((bearerd?.env ?? []).map(({ name }) => name));
  for (const name of named) t.ok(given.has(String(name)), `${name} is given`);
  const folder = bearerd?.volumeMounts?.[0]?.mountPath;
  t.match(settings, `CLIENT_SECRET_FILE:-${folder}/client-secret`);
  t.match(settings, `ADMIN_PORT:-${bearerd?.ports?.[0]?.containerPort}`);
  const drainSeconds = Number(/DRAIN_TIMEOUT:-(\d+)s/.exec(settings)?.[1]);
  t.ok(drainSeconds < Number(pod.spec?.terminationGracePeriodSeconds), 'a stop is over before the pod is killed');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  t.equal(bearerd?.image, `bearerd:${version}`);
});
