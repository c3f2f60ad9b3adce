import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { BearerdProcess, repository } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';
import { type Ended, must, program } from './support/program.ts';

t.setTimeout(300_000);

const folder = join(repository, 'examples', 'postman');
const collection = join(folder, 'bearerd.postman_collection.json');
const environment = join(folder, 'bearerd-demo.postman_environment.json');

/** What newman's JSON report says that is of interest here. */
interface Report {
  readonly run: {
    readonly stats: { readonly requests: { readonly total: number }; readonly assertions: { readonly total: number } };
    readonly failures: readonly {
      readonly error: { readonly message: string };
      readonly source: { readonly name: string };
    }[];
  };
}

/** A folder or a request of a collection. */
interface Item {
  readonly name: string;
  readonly item?: readonly Item[];
  readonly request?: { readonly auth?: object; readonly header: readonly { readonly key: string }[] };
}

/** Installs newman as test/system/newman locks it, once per machine and version, and outside the project. @returns its bin */
async function newman(): Promise<string> {
  const manifests = ['package.json', 'package-lock.json'].map((name) =>
    join(repository, 'test', 'system', 'newman', name),
  );
  const hash = createHash('sha256')
    .update(manifests.map((file) => readFileSync(file, 'utf8')).join())
    .digest('hex');
  const home = join(tmpdir(), `bearerd-newman-${hash.slice(0, 12)}`);
  if (!existsSync(home)) {
    const fresh = `${home}.${process.pid}`;
    mkdirSync(fresh);
    for (const file of manifests) copyFileSync(file, join(fresh, file.slice(file.lastIndexOf('/') + 1)));
    await must('npm', ['ci', '--no-audit', '--no-fund'], { cwd: fresh, timeoutMs: 240_000 });
    renameSync(fresh, home);
  }
  return join(home, 'node_modules', '.bin', 'newman');
}

/** Sends the whole collection to a bearerd. */
async function send(url: string): Promise<Ended & { report: Report }> {
  const report = join(tmpdir(), `bearerd-newman-${process.pid}.json`);
  const words = ['run', collection, '-e', environment, '--env-var', `baseUrl=${url}`, '--timeout-request', '20000'];
  try {
    const ended = await program(await newman(), [...words, '-r', 'json', '--reporter-json-export', report]);
    return { ...ended, report: JSON.parse(readFileSync(report, 'utf8')) };
  } finally {
    rmSync(report, { force: true });
  }
}

function requestsOf(items: readonly Item[]): Item[] {
  return items.flatMap((one) => [...(one.request === undefined ? [] : [one]), ...requestsOf(one.item ?? [])]);
}

t.test('no request has a credential, so that nothing is kept in Postman', async (t) => {
  const { item, auth } = JSON.parse(readFileSync(collection, 'utf8'));
  t.same(auth, { type: 'noauth' });
  for (const { name, request } of requestsOf(item)) {
    t.equal(request?.auth, undefined, name);
    t.notOk(
      request?.header.some(({ key }) => key.toLowerCase() === 'authorization'),
      name,
    );
  }
});

t.test('newman sends the collection to bearerd demo: all green', async (t) => {
  const demo = new BearerdProcess({ words: ['demo', '--port', '0'] });
  t.teardown(() => demo.stop());
  await demo.until(() => demo.url !== '', 'its address');
  const { code, report, stderr } = await send(demo.url);
  t.same(
    report.run.failures.map(({ source, error }) => `${source.name}: ${error.message}`),
    [],
  );
  t.equal(code, 0, stderr);
  const { item } = JSON.parse(readFileSync(collection, 'utf8'));
  t.equal(report.run.stats.requests.total, requestsOf(item).length, 'every request was sent');
  t.ok(report.run.stats.assertions.total >= 3 * report.run.stats.requests.total - 5, 'and judged');
});

t.test('it is not green where there is no bearerd', async (t) => {
  const { code, report } = await send('http://127.0.0.1:9');
  t.equal(code, 1);
  t.ok(report.run.failures.length > 0);
});

runCommandsOf('docs/postman.md', [
  [
    // The package is there already, and the demo has another port.
    /^npx newman (run \S+ -e \S+)$/,
    async (t, [words = '']) => {
      const demo = new BearerdProcess({ words: ['demo', '--port', '0'] });
      t.teardown(() => demo.stop());
      await demo.until(() => demo.url !== '', 'its address');
      const { code, stdout } = await program(await newman(), [...words.split(' '), '--env-var', `baseUrl=${demo.url}`]);
      t.equal(code, 0, stdout.slice(-2_000));
    },
  ],
]);
