import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { repository } from '../support/bearerd-process.ts';
import { builtImage, eventually, hardened, mustPodman, podman } from './support/containers.ts';

t.setTimeout(900_000);

/** What `podman image inspect` shows that is of interest here. */
interface Inspected {
  readonly Size: number;
  readonly Config: {
    readonly User: string;
    readonly StopSignal: string;
    readonly Entrypoint: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly Healthcheck: { readonly Test: readonly string[] };
}

const image = await builtImage();
const base = 'gcr.io/distroless/nodejs24-debian12:nonroot';

async function inspected(name: string): Promise<Inspected> {
  // podman's documented shape
  const [found] = JSON.parse(await mustPodman(['image', 'inspect', name])) as Inspected[];
  if (found === undefined) throw new Error(`${name} is not there`);
  return found;
}

/** A bridge network with the emulators on it. */
async function world(t: Test) {
  const id = `bearerd-${randomBytes(3).toString('hex')}`;
  await mustPodman(['network', 'create', id]);
  t.teardown(() => podman(['network', 'rm', '-f', id]));
  const start = async (name: string, ...args: string[]): Promise<string> => {
    const container = `${id}-${name}`;
    t.teardown(() => podman(['rm', '-f', '-t', '0', container]));
    const words = ['run', '-d', '--pull=never', '--name', container, '--network', id, '--network-alias', name];
    await mustPodman([...words, ...hardened, ...args]);
    return container;
  };
  const issuer = 'http://idp:8090';
  await start('idp', image, 'emulate', 'idp', '--host', '0.0.0.0', '--port', '8090', '--issuer', issuer);
  const trust = ['--jwks-url', `${issuer}/jwks.json`, '--issuer', issuer, '--audience', 'collibra'];
  await start('collibra', image, 'emulate', 'collibra', '--host', '0.0.0.0', '--port', '8090', ...trust);
  const env = {
    BEARERD_UPSTREAM: 'http://collibra:8090',
    BEARERD_PRESET: 'collibra',
    BEARERD_TOKEN_ENDPOINT: `${issuer}/oauth2/token`,
    BEARERD_CLIENT_ID: 'my-app',
    BEARERD_CLIENT_SECRET_FILE: '/run/secrets/client-secret',
    // inside the network only; a real upstream is https
    BEARERD_INSECURE_HTTP: 'true',
    BEARERD_CREDENTIAL_INSECURE_HTTP: 'true',
  };
  const secret = `${join(t.testdir({ 'client-secret': 'my-secret\n' }), 'client-secret')}:/run/secrets/client-secret:ro`;
  const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  return { start, proxy: [...variables, '-v', secret] };
}

t.test('what is written in the image', async (t) => {
  const { Config, Healthcheck, Size } = await inspected(image);
  const { version, license } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  t.equal(Config.User, '65532:65532');
  t.equal(Config.StopSignal, 'SIGTERM');
  t.same(Healthcheck.Test, ['CMD', '/usr/local/bin/bearerd', 'healthcheck']);
  t.match(Config.Labels, {
    'org.opencontainers.image.title': 'bearerd',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': license,
    'org.opencontainers.image.base.name': base,
  });
  const added = Size - (await inspected(base)).Size;
  t.comment(`bytes added to the base: ${added}`);
  t.ok(added > 1_000_000 && added < 12_000_000, `${added} bytes added to the base`);
  t.equal(await mustPodman(['run', '--rm', '--pull=never', ...hardened, image, '--version']), version);
});

t.test('no shell, no package manager, no development dependency', async (t) => {
  for (const name of ['/bin/sh', 'sh', 'npm', '/usr/bin/env']) {
    const { code } = await podman(['run', '--rm', '--pull=never', '--entrypoint', name, image, '-c', 'true']);
    t.equal(code, 127, `${name} is not there`);
  }
  const list = `console.log(JSON.stringify(["/app", "/app/build", "/app/build/bundle"].map((f) => fs.readdirSync(f).sort())))`;
  const [top, build, bundle] = JSON.parse(
    await mustPodman(['run', '--rm', '--pull=never', '--entrypoint', '/nodejs/bin/node', image, '-e', list]),
  );
  t.same(top, ['LICENSE', 'build', 'config', 'package.json']);
  t.same(build, ['bundle']);
  const entries = [
    'index.js',
    'load.js',
    'main.js',
    'package.json',
    'page',
    'program.cjs',
    'provider-kit',
    'redis-client.cjs',
  ];
  t.same(bundle, ['cache', ...entries, 'third-party.txt']);
});

t.test('V8 has compiled the program before, and the user of the image can read what came of it', async (t) => {
  const script = `
    const [name, ...rest] = fs.readdirSync("/app/build/bundle/cache");
    const cachedData = fs.readFileSync("/app/build/bundle/cache/" + name);
    const source = fs.readFileSync("/app/build/bundle/program.cjs", "latin1");
    const { cachedDataRejected } = new (require("node:vm").Script)(source, { cachedData });
    console.log(JSON.stringify([process.getuid(), name.includes(process.version), rest, cachedDataRejected]));`;
  const words = ['run', '--rm', '--pull=never', ...hardened, '--entrypoint', '/nodejs/bin/node', image, '-e', script];
  t.strictSame(JSON.parse(await mustPodman(words)), [65532, true, [], false]);
});

t.test('without configuration it says what is missing, and 2', async (t) => {
  const { code, stderr } = await podman(['run', '--rm', '--pull=never', ...hardened, image]);
  t.equal(code, 2);
  t.match(stderr, /upstream: is missing/);
});

t.test(
  'from environment variables alone: a Collibra flow through the bridge network, and nothing that it does not need',
  async (t) => {
    const { start, proxy } = await world(t);
    const bearerd = await start('bearerd', '-p', '127.0.0.1::8080', ...proxy, image);
    t.equal((await podman(['exec', bearerd, 'bearerd', 'wait'])).code, 0, 'bearerd wait');
    const [address = ''] = (await mustPodman(['port', bearerd, '8080'])).split('\n');
    t.match(address, /^127\.0\.0\.1:\d+$/, 'published to this machine only');
    const communities = `http://${address}/rest/2.0/communities`;
    const first = await fetch(communities);
    t.equal(first.status, 200);
    t.match(await first.json(), { results: [{ name: 'Data Governance Council' }] });

    // a neighbour that has the same image only for its Node
    const neighbour = async (script: string): Promise<string> => {
      const name = bearerd.replace(/bearerd$/, 'idp');
      return mustPodman(['exec', name, '/nodejs/bin/node', '-e', script]);
    };
    const status = (url: string) => neighbour(`fetch("${url}").then((r) => console.log(r.status))`);
    t.equal(await status('http://bearerd:8080/rest/2.0/communities'), '200', 'by its service name');
    t.equal(await status(`http://${bearerd}:8080/rest/2.0/communities`), '421', 'by no other name');
    const fault = `fetch("http://collibra:8090/__faults", { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"expire":true}' }).then((r) => console.log(r.status))`;
    t.match(await neighbour(fault), /^20/);
    t.equal((await fetch(communities)).status, 200, 'an expired token is replaced');

    const { code, stderr } = await podman(['healthcheck', 'run', bearerd]);
    t.equal(code, 0, `HEALTHCHECK ${stderr}`);
    const pid = await mustPodman(['inspect', bearerd, '--format', '{{.State.Pid}}']);
    const facts = readFileSync(`/proc/${pid}/status`, 'utf8');
    t.match(facts, /^Uid:\t65532\t65532\t65532\t65532$/m);
    t.match(facts, /^Gid:\t65532\t65532\t65532\t65532$/m);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) t.match(facts, new RegExp(`^${set}:\t0+$`, 'm'));
    t.match(facts, /^NoNewPrivs:\t1$/m);
    t.match(readFileSync(`/proc/${pid}/mounts`, 'utf8'), /^\S+ \/ \S+ ro[, ]/m, 'the root is read-only');

    const before = Date.now();
    await mustPodman(['stop', '-t', '30', bearerd]);
    t.equal(await mustPodman(['inspect', bearerd, '--format', '{{.State.ExitCode}}']), '0', 'SIGTERM is a clean stop');
    t.ok(Date.now() - before < 20_000, 'that nobody had to force');
    t.match((await podman(['logs', bearerd])).stderr, /"event":"stopped"/);
    await eventually(
      () => mustPodman(['diff', bearerd]),
      (changes) => changes.split('\n').every((line) => mountPoint.test(line)),
      'a container in which no file was written',
    );
  },
);

/** What the container engine makes itself, to have something to mount on. */
const mountPoint =
  /^$|^C \/(etc|run|run\/secrets)$|^A \/(run\/secrets|run\/secrets\/client-secret|run\/\.containerenv|etc\/(hosts|resolv\.conf|hostname|mtab)|dev|proc|sys)$/;
