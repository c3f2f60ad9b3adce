import { setTimeout as sleep } from 'node:timers/promises';
import { nodeLoad } from '../load/node-load.ts';
import { bareNode, go, httpProxy, nginx, nodePipe } from '../peers.ts';
import { residentMb } from '../process-tree.ts';
import { product } from '../product.ts';
import { named, placeOn, type Stage, withSubjects } from '../stage.ts';
import { sample } from './closed.ts';

const bearerd = product('bearerd');

/** Resident memory after the first request, and at its highest under 128 connections and under large bodies. */
export async function memory(stage: Stage): Promise<void> {
  const { plan, world, findings } = stage;
  const all = plan.quick ? [bareNode, bearerd] : [bareNode, nginx, go, bearerd, nodePipe, httpProxy];
  const rows: string[][] = [];
  const idle = new Map<string, number>();
  for (const subject of all) {
    await withSubjects(stage, [[subject, placeOn(stage)]], async (running) => {
      if (!running.has(subject.name)) return;
      const one = named(running, subject.name);
      await nodeLoad({ kind: 'burst', port: one.port, path: '/1k', connections: 1 });
      await sleep(1_500);
      const { now } = residentMb(one.child.pid);
      idle.set(subject.name, now);
      const seconds = plan.seconds * 2;
      await sample(one, world, { path: '/1k', connections: 128, seconds });
      const many = residentMb(one.child.pid).peak;
      if (subject === bareNode) {
        rows.push([subject.name, now.toFixed(0), many.toFixed(0), '']);
        return;
      }
      await sample(one, world, { path: '/10m', connections: 16, seconds });
      rows.push([subject.name, now.toFixed(0), many.toFixed(0), residentMb(one.child.pid).peak.toFixed(0)]);
    });
  }
  findings.ratios.set('memory', named(idle, bearerd.name) / named(idle, bareNode.name));
  findings.tables.push({
    title: 'Resident memory, MiB',
    head: ['', 'idle', 'peak, 128 connections', 'peak, then 16 × 10 MB'],
    rows,
  });
}
