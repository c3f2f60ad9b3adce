import { allCases } from './all-cases.ts';
import { startHttpProxy, startNginx } from './peers.ts';
import { RawUpstream } from './raw-upstream.ts';
import { runCase, type Verdict } from './run-case.ts';
import { type Subject, startBearerdSubject } from './subject.ts';

/** What one proxy made of all cases. */
export interface Column {
  readonly name: string;
  readonly verdicts: ReadonlyMap<string, Verdict>;
}

const starters: Readonly<Record<string, (upstreamPort: number) => Promise<Subject>>> = {
  bearerd: startBearerdSubject,
  nginx: startNginx,
  'http-proxy': startHttpProxy,
};

/** The proxies that can be compared. */
export const peerNames: readonly string[] = Object.keys(starters);

/** Runs all cases against one proxy. */
export async function column(peer: string): Promise<Column> {
  const start = starters[peer];
  if (start === undefined) throw new Error(`there is no peer ${peer}; there are ${peerNames.join(', ')}`);
  const upstream = await new RawUpstream().start();
  const subject = await start(upstream.port);
  const verdicts = new Map<string, Verdict>();
  // a peer that runs in this process may throw where nobody catches it: that would have been its end
  let crash: Error | undefined;
  const onCrash = (error: Error) => {
    crash = error;
  };
  process.on('uncaughtException', onCrash);
  try {
    for (const one of allCases) {
      crash = undefined;
      const verdict = await runCase(one, subject.port, upstream, peer === 'bearerd' ? 4_000 : 1_500);
      const died: Error | undefined = crash;
      verdicts.set(
        one.id,
        died === undefined
          ? verdict
          : { ...verdict, faults: ['an uncaught exception'], seen: 'it would have ended the process' },
      );
    }
    await subject.stop();
  } finally {
    process.off('uncaughtException', onCrash);
    await upstream.close();
  }
  return { name: subject.name, verdicts };
}
