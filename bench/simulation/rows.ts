import { type Counted, type Fleet, peak, simulate, sum } from './fleet.ts';

/** Replicas of the fleets in the first table. */
export const fleets: readonly number[] = [1, 10, 100, 1_000, 10_000];
/** Replicas and minutes of the outages in the second table. */
export const outages: readonly (readonly [replicas: number, minutes: number])[] = [
  [100, 10],
  [100, 30],
  [10_000, 10],
  [10_000, 30],
];

const hour = 3600;
/** Tokens of an hour; every replica starts within a minute and is asked every half minute. */
const usual = { lifeSeconds: hour, gapSeconds: 30, startSeconds: 60 } as const;
/** The worst moment for an outage: tokens are 44 minutes old, and the first would be renewed a minute later. */
const outageFrom = 44 * 60;
/** Seconds after an outage that are looked at. */
const afterwards = 600;

/** A row of the first table: token requests per hour, and the most in one second of the start. */
export async function fleetRow(replicas: number): Promise<string> {
  const [own, shared] = await both(async (shared) => {
    const counted = await simulate({ ...usual, replicas, shared, seconds: 4 * hour });
    const { tokenRequests } = counted;
    return [number(sum(tokenRequests, hour, 4 * hour) / 3), number(peak(tokenRequests, 0, usual.startSeconds + 30))];
  });
  return `| ${number(replicas)} | ${[...own, ...shared].join(' | ')} |`;
}

/** A row of the second table: what share of the requests failed, how often the IdP was asked, how long a request waited. */
export async function outageRow(replicas: number, minutes: number): Promise<string> {
  const outage = { fromSecond: outageFrom, toSecond: outageFrom + minutes * 60 };
  const [own, shared] = await both(async (shared) => {
    const fleet: Fleet = { ...usual, replicas, shared, seconds: outage.toSecond + afterwards, outage };
    return outageCells(await simulate(fleet), outage.toSecond);
  });
  return `| ${number(replicas)} | ${minutes} min | ${[...own, ...shared].join(' | ')} |`;
}

function outageCells({ requests, failed, tokenRequests, longestWait }: Counted, to: number): string[] {
  const share = sum(failed, outageFrom, to) / sum(requests, outageFrom, to);
  const lastMinute = sum(tokenRequests, to - 60, to) / 60;
  return [
    `${number(share * 100)} %`,
    number(lastMinute),
    number(peak(tokenRequests, to, to + afterwards)),
    `${number(longestWait)} s`,
  ];
}

async function both(run: (shared: boolean) => Promise<string[]>): Promise<[string[], string[]]> {
  return [await run(false), await run(true)];
}

/** Two digits that matter below ten, whole numbers above. */
function number(value: number): string {
  return value < 10 ? String(Math.round(value * 10) / 10) : Math.round(value).toLocaleString('en');
}
