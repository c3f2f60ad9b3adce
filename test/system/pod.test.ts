import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { repository } from '../support/bearerd-process.ts';
import { builtImage, eventually, hardened, mustPodman, podman } from './support/containers.ts';

t.setTimeout(900_000);

/** The parts of a pod manifest that are changed for a run on this machine. */
interface Manifest {
  readonly metadata: { name: string };
  readonly spec: {
    readonly containers: {
      readonly name: string;
      image: string;
      command?: string[];
      env: { name: string; value: string }[];
      volumeMounts?: { name: string; mountPath: string; readOnly: boolean }[];
    }[];
    volumes: object[];
  };
}

t.test('the plain pod of examples/kubernetes: the program gets its answers, and nobody else can call', async (t) => {
  const image = await builtImage();
  const id = `bearerd-${randomBytes(3).toString('hex')}`;
  const emulators = ['idp', 'collibra'].map((name) => `${id}-${name}`);
  const folder = t.testdir({ secret: { 'client-secret': 'my-secret\n' } });
  const file = join(folder, 'pod.yaml');
  t.teardown(async () => {
    await podman(['play', 'kube', '--down', file]);
    await podman(['pod', 'rm', '-f', '-t', '0', id]);
    for (const name of emulators) await podman(['rm', '-f', '-t', '0', name]);
    await podman(['network', 'rm', '-f', id]);
  });

  await mustPodman(['network', 'create', id]);
  const emulate = (name: string, ...flags: string[]) => {
    const place = ['run', '-d', '--pull=never', '--name', `${id}-${name}`, '--network', id, '--network-alias', name];
    const words = ['emulate', name, '--host', '0.0.0.0', '--port', '8090', '--issuer', 'http://idp:8090', ...flags];
    return mustPodman([...place, ...hardened, image, ...words]);
  };
  await emulate('idp');
  await emulate('collibra', '--jwks-url', 'http://idp:8090/jwks.json', '--audience', 'collibra');

  writeFileSync(file, stringify(forThisMachine(image, id, folder)));
  await mustPodman(['play', 'kube', '--network', id, file], { timeoutMs: 120_000 });
  const bearerd = `${id}-bearerd`;
  const app = `${id}-legacy-app`;
  const waited = await podman(['exec', bearerd, 'bearerd', 'wait']);
  t.equal(waited.code, 0, `bearerd wait ${waited.stderr}`);

  const lines = async () => (await mustPodman(['logs', app])).split('\n');
  const from = (await eventually(lines, (said) => said.at(-1)?.startsWith('ok') === true, 'a first 200')).length;
  const said = await eventually(lines, (now) => now.length >= from + 10, '10 more answers');
  t.same(
    said.slice(from).filter((line) => !line.startsWith('ok 200')),
    [],
    'no failed request after readiness',
  );

  const pid = await mustPodman(['inspect', bearerd, '--format', '{{.State.Pid}}']);
  const facts = readFileSync(`/proc/${pid}/status`, 'utf8');
  t.match(facts, /^Uid:\t65532\t/m);
  t.match(facts, /^CapEff:\t0+$/m);
  t.match(facts, /^NoNewPrivs:\t1$/m);
  t.match(readFileSync(`/proc/${pid}/mounts`, 'utf8'), /^\S+ \/ \S+ ro[, ]/m, 'the root is read-only');

  const neighbour = async (url: string): Promise<string> => {
    const script = `fetch("${url}").then(async (r) => console.log(r.status, (await r.text()).length), (e) => console.log(e.cause.code))`;
    return mustPodman(['exec', `${id}-idp`, '/nodejs/bin/node', '-e', script]);
  };
  const [address = ''] = (await mustPodman(['exec', bearerd, '/nodejs/bin/node', '-p', ownAddress])).split('\n');
  t.match(address, /^\d+\.\d+\.\d+\.\d+$/);
  t.equal(await neighbour(`http://${address}:8080/rest/2.0/communities`), 'ECONNREFUSED', 'another pod');
  t.equal(await neighbour(`http://${address}:8081/readyz`), '200 0', 'a kubelet: the bare status');
  t.match(await neighbour(`http://${address}:8081/metrics`), /^421 /, 'no metrics under a name that is not listed');

  await mustPodman(['pod', 'stop', '-t', '30', id], { timeoutMs: 90_000 });
  t.equal(await mustPodman(['inspect', bearerd, '--format', '{{.State.ExitCode}}']), '0', 'bearerd stops when asked');
});

/** Prints the pod's address. */
const ownAddress =
  'Object.values(os.networkInterfaces()).flat().find((one) => one.family === "IPv4" && !one.internal).address';

/**
 * The manifest with this machine's names: the tested image, the program of the compose example, the emulators. podman 4.3
 * knows no projected volumes; a folder takes the place of the Secret.
 */
function forThisMachine(image: string, name: string, folder: string): Manifest {
  const pod: Manifest = parse(readFileSync(join(repository, 'examples', 'kubernetes', 'pod.yaml'), 'utf8'));
  const addresses: Readonly<Record<string, string>> = {
    COLLIBRA_URL: 'http://collibra:8090',
    TOKEN_ENDPOINT: 'http://idp:8090/oauth2/token',
  };
  for (const container of pod.spec.containers) {
    if (container.name === 'bearerd') {
      container.image = image;
      for (const variable of container.env) variable.value = addresses[variable.name] ?? variable.value;
      for (const one of ['BEARERD_INSECURE_HTTP', 'BEARERD_CREDENTIAL_INSECURE_HTTP']) {
        container.env.push({ name: one, value: 'true' });
      }
    } else {
      container.image = 'localhost/node:24-bookworm-slim';
      container.command = ['/usr/local/bin/node', '/app/legacy-app.mjs'];
      container.env.push({ name: 'INTERVAL_MS', value: '100' });
      container.volumeMounts = [{ name: 'program', mountPath: '/app', readOnly: true }];
    }
  }
  const program = join(repository, 'examples', 'compose', 'legacy-app');
  pod.spec.volumes = [
    { name: 'bearerd-secret', hostPath: { path: join(folder, 'secret'), type: 'Directory' } },
    { name: 'program', hostPath: { path: program, type: 'Directory' } },
  ];
  pod.metadata.name = name;
  return pod;
}
