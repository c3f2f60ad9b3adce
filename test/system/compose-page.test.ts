import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { freePort } from '../conformance/subject.ts';
import { repository } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';
import { builtImage, eventually, mustPodman, podman, podmanScript } from './support/containers.ts';
import { must } from './support/program.ts';

// Every command of docs/compose.md is run as it is written, by a shell in a copy of the examples. Its `docker compose` is
// podman-compose with an image that is built already, and nobody waits at a terminal.

t.setTimeout(900_000);

const docker = `#!/bin/sh
shift
file=compose.yaml
if [ "$1" = -f ]; then file=$2; shift 2; fi
case "$*" in
  'up --build') set -- up -d ;;
  'exec '*) shift; set -- exec -T "$@" ;;
esac
exec podman-compose --podman-path '${podmanScript}' -p "$PROJECT" -f "$file" "$@"
`;

const top = t.testdir({ bin: { docker } });
await must('chmod', ['755', join(top, 'bin', 'docker')]);
cpSync(join(repository, 'examples'), join(top, 'examples'), { recursive: true });

/** What the reader's shell knows; each set-up of the page has a project of its own, because both take the same names. */
const env: Record<string, string> = {
  PATH: `${join(top, 'bin')}:${process.env['PATH']}`,
  BEARERD_IMAGE: await builtImage(),
  INTERVAL_MS: '100',
  YOUR_SECRET: 'not-a-real-one',
};
let cwd = top;
const container = (service: string): string => `${env['PROJECT']}_${service}_1`;
const shell = (command: string): Promise<string> => must('sh', ['-c', command], { cwd, env, timeoutMs: 180_000 });

async function newProject(): Promise<void> {
  const project = `bearerd-${randomBytes(3).toString('hex')}`;
  Object.assign(env, { PROJECT: project, BEARERD_PORT: String(await freePort()) });
  t.teardown(async () => {
    for (const service of ['legacy-app', 'bearerd', 'collibra', 'idp']) {
      await podman(['rm', '-f', '-t', '0', `${project}_${service}_1`]);
    }
    await podman(['pod', 'rm', '-f', `pod_${project}`]);
    await podman(['network', 'rm', '-f', `${project}_default`]);
  });
}

/** What the program has printed since it got its first 200. */
async function answers(): Promise<string[]> {
  const lines = (await mustPodman(['logs', container('legacy-app')])).split('\n');
  return lines.slice(lines.findIndex((line) => line.startsWith('ok 200')));
}

/** Whether what may have been restarted listens again: a reader takes longer to type the next command. */
function identityProvider() {
  const script = 'fetch("http://idp:8090/__stats").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))';
  return podman(['exec', container('bearerd'), '/nodejs/bin/node', '-e', script]);
}

runCommandsOf('docs/compose.md', [
  [
    /^cd (examples\/\S+)$/,
    async (_t, [folder = '']) => {
      cwd = join(top, folder);
    },
  ],
  [
    /^(docker compose up --build)$/,
    async (t, [command = '']) => {
      await newProject();
      await shell(command);
      t.equal((await podman(['exec', container('bearerd'), 'bearerd', 'wait', '--timeout', '60s'])).code, 0, 'ready');
      await eventually(answers, (said) => said.at(-1)?.startsWith('ok 200') === true, 'a first 200');
    },
  ],
  [
    // With fetch: the port is another one.
    /^curl http:\/\/127\.0\.0\.1:8080(\/\S*)$/,
    async (t, [path = '']) => {
      const answer = await fetch(`http://127.0.0.1:${env['BEARERD_PORT']}${path}`);
      t.equal(answer.status, 200);
      t.match(await answer.text(), 'Data Governance Council');
    },
  ],
  [
    /^(docker compose (?:restart|exec) .*)$/,
    async (t, [command = '']) => {
      await shell(command);
      await eventually(identityProvider, ({ code }) => code === 0, 'the identity provider');
      const before = (await answers()).length;
      const said = await eventually(answers, (now) => now.length >= before + 10, '10 more answers');
      t.same(
        said.filter((line) => !line.startsWith('ok 200')),
        [],
        'the program goes on getting its 200s',
      );
    },
  ],
  [
    /^(printf .* > (client-secret) && chmod 444 client-secret)$/,
    async (t, [command = '', file = '']) => {
      await shell(command);
      t.equal(readFileSync(join(cwd, file), 'utf8'), env['YOUR_SECRET']);
      t.equal(statSync(join(cwd, file)).mode & 0o777, 0o444);
    },
  ],
  [
    // Nobody's hosts are called: in the container nothing listens on this port.
    /^export ((?:\w+=\S+ ?)+)$/,
    async (t, [settings = '']) => {
      const named = settings.replaceAll(/https:\/\/[\w.]+/g, 'https://127.0.0.1:9').split(' ');
      Object.assign(env, Object.fromEntries(named.map((one) => one.split('='))));
      t.match(env, { COLLIBRA_URL: 'https://127.0.0.1:9', TOKEN_ENDPOINT: 'https://127.0.0.1:9/oauth2/token' });
    },
  ],
  [
    /^(docker compose -f compose\.real\.yaml up --build)$/,
    async (t, [command = '']) => {
      await newProject();
      await shell(command);
      const check = (...flags: string[]) => podman(['exec', container('bearerd'), 'bearerd', 'healthcheck', ...flags]);
      await eventually(check, ({ code }) => code === 0, 'a process that answers');
      t.match(await check('--ready'), { code: 1, stderr: /token/i }, 'and has no token, as nobody gives it one');
    },
  ],
]);
