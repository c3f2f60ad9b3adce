import { cpSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { repository } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';
import { must } from './support/program.ts';

// Every command of docs/systemd.md is run, in a folder that stands for the root of the machine.

const root = t.testdir({ etc: { systemd: { system: {} } }, example: { 'client-secret': 'the-secret\n' } });
const example = join(root, 'example');
cpSync(join(repository, 'examples', 'systemd'), example, { recursive: true });

const installed = (path: string): string => join(root, path);

async function shell(command: string): Promise<void> {
  await must('sh', ['-c', command.replaceAll(' /etc/', ` ${root}/etc/`)], { cwd: example });
}

function same(t: Test, name: string, path: string): void {
  t.equal(readFileSync(installed(path), 'utf8'), readFileSync(join(example, name), 'utf8'), path);
}

runCommandsOf('docs/systemd.md', [
  [
    /^install -D -m 0644 bearerd\.yaml \/(\S+)$/,
    async (t, [path = ''], command) => {
      await shell(command);
      same(t, 'bearerd.yaml', path);
    },
  ],
  [
    /^install -m 0600 client-secret \/(\S+)$/,
    async (t, [path = ''], command) => {
      await shell(command);
      t.equal(statSync(installed(path)).mode & 0o777, 0o600);
    },
  ],
  [
    /^install -m 0644 bearerd\.service bearerd\.socket \/(\S+)\/$/,
    async (t, [folder = ''], command) => {
      await shell(command);
      for (const name of ['bearerd.service', 'bearerd.socket']) same(t, name, `${folder}/${name}`);
    },
  ],
  [
    // There is no running systemd to be told: it is asked to enable the units of that root.
    /^systemctl daemon-reload && systemctl enable --now (bearerd\.socket bearerd\.service)$/,
    async (t, [units = '']) => {
      await must('systemctl', [`--root=${root}`, 'enable', ...units.split(' ')]);
      const wants = 'etc/systemd/system/multi-user.target.wants/bearerd.service';
      t.match(readlinkSync(installed(wants)), /\/etc\/systemd\/system\/bearerd\.service$/);
    },
  ],
]);
