import { readdirSync, readFileSync } from 'node:fs';
import { ticksPerSecond } from './machine.ts';

/** What the operating system says of one process. */
interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  /** User and system time of all its threads, and of its children that have ended. */
  readonly ticks: number;
}

/** The process and everything that it has started. */
export function processTree(root: number): number[] {
  return treeRows(root).map(({ pid }) => pid);
}

/** Seconds of processor time that a process tree has used so far (/proc/PID/stat: utime, stime, cutime, cstime). */
export function cpuSeconds(root: number): number {
  return treeRows(root).reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond;
}

/** Resident memory of a process tree in MB of 2^20 bytes: now, and at its highest. */
export function residentMb(root: number): { readonly now: number; readonly peak: number } {
  let now = 0;
  let peak = 0;
  for (const pid of processTree(root)) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    now += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
    peak += Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return { now: now / 1024, peak: peak / 1024 };
}

function treeRows(root: number): ProcessRow[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => rowOf(Number(name)));
  const tree = all.filter(({ pid }) => pid === root);
  // grows while it is walked: children of children are found in their turn
  for (const parent of tree) tree.push(...all.filter((row) => row.parent === parent.pid));
  return tree;
}

function rowOf(pid: number): ProcessRow[] {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return [];
  }
  // the name is in brackets and may hold anything; behind it: state, parent, …, utime (14th of all), stime, cutime, cstime
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return [{ pid, parent: Number(fields[1]), ticks }];
}
