import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Container, Pod } from 'kubernetes-types/core/v1.d.ts';
import t, { type Test } from 'tap';
import { parse } from 'yaml';

const run = promisify(execFile);

function manifest(name: string): Pod {
  return parse(readFileSync(join('examples', 'kubernetes', name), 'utf8'));
}

/** What the compiler says of a manifest that is written as a Pod of the published types; empty = nothing. */
async function complaints(t: Test, pod: object): Promise<string> {
  const text = `import type { Pod } from 'kubernetes-types/core/v1.d.ts';\nexport const pod: Pod = ${JSON.stringify(pod, null, 1)};\n`;
  const file = join(t.testdir({ 'pod.ts': text }), 'pod.ts');
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--types', '', '--module', 'nodenext'];
  const compiler = [process.execPath, join('node_modules', '.bin', 'tsc')];
  // through env, because tap puts its hooks into each Node that a test starts, and the compiler does not start with them
  return run('env', ['-u', 'NODE_OPTIONS', ...compiler, ...flags, file]).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; stderr?: string }) => `${error.stdout}${error.stderr}`,
  );
}

t.test('both manifests are pods in the words of the published types', async (t) => {
  for (const name of ['pod.yaml', 'pod-native-sidecar.yaml']) {
    const pod = manifest(name);
    t.equal(await complaints(t, pod), '', name);
    const misspelt = JSON.parse(JSON.stringify(pod).replace('readOnlyRootFilesystem', 'readOnlyRootFileSystem'));
    t.match(await complaints(t, misspelt), /readOnlyRootFileSystem/, `${name}: a mistake would be seen`);
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
