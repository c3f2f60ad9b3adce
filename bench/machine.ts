import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** The cores that the parts of the benchmark run on. */
export interface Cores {
  /** Everything that is measured. */
  readonly subject: number;
  /** The load, the upstream and the token endpoint. */
  readonly load: number;
  /** Programs can be bound to a core here. */
  readonly pinned: boolean;
}

/** The last core for what is measured, the first for everything else; one for both where there is only one. */
export function cores(): Cores {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const allowed = list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
  return { subject: allowed.at(-1) ?? 0, load: allowed[0] ?? 0, pinned: programPath('taskset') !== undefined };
}

/** Where a program lies; Debian's servers are in sbin, which is not always in PATH. undefined = not installed */
export function programPath(name: string): string | undefined {
  return ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/bin', '/sbin']
    .map((folder) => `${folder}/${name}`)
    .find((path) => existsSync(path));
}

/** Ticks per second in which Linux counts processor time. */
export const ticksPerSecond: number = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/** The share of all processors that is in use while this program waits for two seconds, from 0 to 1. */
export async function busyNow(): Promise<number> {
  const before = processorTimes();
  await sleep(2_000);
  const after = processorTimes();
  return 1 - (after.idle - before.idle) / (after.all - before.all);
}

function processorTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().flatMap((one) => Object.entries(one.times));
  const sum = (some: typeof times): number => some.reduce((total, [, ms]) => total + ms, 0);
  return { idle: sum(times.filter(([kind]) => kind === 'idle')), all: sum(times) };
}

/** What the figures were measured on, one fact per line. */
export function machineFacts(): string[] {
  const all = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return [
    `${all[0]?.model.trim() ?? 'unknown processor'}, ${all.length} cores, ${memory} GiB, Linux ${release()}`,
    `Node ${process.versions.node} (V8 ${process.versions.v8})`,
    ...versions(),
  ];
}

const versionQuestions: readonly [name: string, args: readonly string[], answer: RegExp][] = [
  ['nginx', ['-v'], /nginx\/(\S+)/],
  ['haproxy', ['-v'], /version (\S+)/i],
  ['caddy', ['version'], /v?(\d\S*)/],
  ['go', ['version'], /go(\d\S*)/],
  ['wrk', ['--version'], /wrk \S*?(\d[\w.-]*)/],
];

function versions(): string[] {
  return versionQuestions.flatMap(([name, args, answer]) => {
    const path = programPath(name);
    if (path === undefined) return [];
    const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' });
    return [`${name} ${answer.exec(stdout + stderr)?.[1] ?? '(unknown version)'}`];
  });
}
