import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { freePort } from '../conformance/subject.ts';
import { BearerdProcess } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';
import { builtImage, eventually, mustPodman, podman, podmanScript } from './support/containers.ts';
import { must } from './support/program.ts';

// Every command of docs/sidecar.md is run, with podman in the place of docker.

t.setTimeout(900_000);

const program = '#!/bin/sh\necho "$BEARERD_URL $*"\nexit 7\n';
const settings = { upstream: 'https://127.0.0.1:9', credential: { provider: 'static', token: 'x'.repeat(20) } };
const folder = t.testdir({ secret: 'my-secret\n', 'legacy-program': program, 'bearerd.yaml': stringify(settings) });
chmodSync(join(folder, 'legacy-program'), 0o755);
chmodSync(join(folder, 'bearerd.yaml'), 0o600);

let image = '';

runCommandsOf('docs/sidecar.md', [
  [
    /^docker build -t bearerd \.$/,
    async (t) => {
      image = await builtImage();
      t.match(image, /bearerd/);
    },
  ],
  [
    /^docker run (--rm .*) bearerd$/,
    async (t, [words = '']) => {
      const name = `bearerd-${randomBytes(3).toString('hex')}`;
      t.teardown(() => podman(['rm', '-f', '-t', '0', name]));
      // any free port, and nobody's hosts: in the container nothing listens on this one
      const here = words
        .replace('127.0.0.1:8080:8080', `127.0.0.1:${await freePort()}:8080`)
        .replaceAll(/https:\/\/[\w.]+/g, 'https://127.0.0.1:9');
      await must('sh', ['-c', `${podmanScript} run -d --pull=never --name ${name} ${here} ${image}`], { cwd: folder });
      const check = (...flags: string[]) => podman(['exec', name, 'bearerd', 'healthcheck', ...flags]);
      await eventually(check, ({ code }) => code === 0, 'a process that answers');
      t.match(await check('--ready'), { code: 1, stderr: /token/i }, 'and has no token, as nobody gives it one');
      await mustPodman(['stop', '-t', '20', name]);
      await eventually(
        () => podman(['container', 'exists', name]),
        ({ code }) => code === 1,
        'it is gone, as --rm says',
      );
    },
  ],
  [
    /^bearerd (exec .*)$/,
    async (t, [words = '']) => {
      const started = new BearerdProcess({ words: words.split(' '), folder });
      t.same(await started.exited, { code: 7, signal: undefined }, "the program's exit code");
      t.match(started.stdout, /^http:\/\/127\.0\.0\.1:\d+ --some-flag\n$/);
    },
  ],
]);
