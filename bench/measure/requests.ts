import type { BarId } from '../bars.ts';
import { caddy, express, go, haproxy, httpProxy, httpProxyOidc, nginx, nodePipe } from '../peers.ts';
import { product } from '../product.ts';
import { named, placeOn, type Stage, withSubjects } from '../stage.ts';
import { interleaved, median, pairedRatio } from '../statistics.ts';
import { type Sample, sample } from './closed.ts';

const bearerd = product('bearerd');
const withLog = product('bearerd with access log', { accessLog: true });
const load = { path: '/1k', connections: 16 };

const compared: readonly (readonly [id: BarId, subject: string, against: string])[] = [
  ['cpu-plugin', bearerd.name, httpProxy.name],
  ['cpu-go', bearerd.name, go.name],
  ['cpu-log-go', withLog.name, go.name],
  ['cpu-nginx', bearerd.name, nginx.name],
];

/** CPU per request and throughput at 16 connections, 1 KB answers, beside the peers. */
export async function requests(stage: Stage): Promise<void> {
  const { plan, world, findings } = stage;
  const few = [bearerd, withLog, httpProxy, go, nginx];
  const all = [nginx, haproxy, go, bearerd, withLog, nodePipe, httpProxy, caddy, httpProxyOidc, express];
  const subjects = (plan.quick ? few : all).map((subject) => [subject, placeOn(stage)] as const);
  await withSubjects(stage, subjects, async (running) => {
    const samples = new Map<string, Sample[]>();
    const run = async (name: string, seconds: number): Promise<Sample> =>
      sample(named(running, name), world, { ...load, seconds });
    for (const name of running.keys()) await run(name, plan.quick ? 1 : 4);
    const cpu = await interleaved([...running.keys()], plan.rounds, async (name) => {
      const one = await run(name, plan.seconds);
      samples.set(name, [...(samples.get(name) ?? []), one]);
      return one.cpuPerRequest;
    });
    for (const [id, subject, against] of compared) {
      const [mine, theirs] = [cpu.get(subject), cpu.get(against)];
      if (mine !== undefined && theirs !== undefined) findings.ratios.set(id, pairedRatio(mine, theirs));
    }
    const own = named(cpu, bearerd.name);
    const rows = [...samples].map(([name, all]) => ({
      name,
      cpu: median(all.map(({ cpuPerRequest }) => cpuPerRequest)),
      ratio: pairedRatio(named(cpu, name), own),
      rate: median(all.map(({ requestsPerSecond }) => requestsPerSecond)),
      busy: median(all.map(({ busy }) => busy)),
    }));
    rows.sort((a, b) => a.cpu - b.cpu);
    findings.stripes.push(...rows.map(({ name, cpu }) => ({ name, value: cpu })));
    findings.tables.push({
      title: '1 KB answers, 16 connections',
      head: ['proxy', 'CPU µs per request', '÷ bearerd', 'requests/s', 'of its core'],
      rows: rows.map(({ name, cpu, ratio, rate, busy }) => [
        name,
        cpu.toFixed(1),
        ratio.toFixed(2),
        String(Math.round(rate)),
        `${Math.round(busy * 100)} %`,
      ]),
      note: 'bearerd and the Go proxy get a real token, so does the interceptor; the others add a fixed header.',
    });
  });
}
