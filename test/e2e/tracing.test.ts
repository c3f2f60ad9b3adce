import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { binary, repository, startBearerd } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';
import { startUpstream } from '../support/upstream.ts';

const page = readFileSync(join(repository, 'docs/tracing.md'), 'utf8');
const upstream = await startUpstream();
const idp = await startUpstream((_seen, response) =>
  response.end(JSON.stringify({ access_token: 'opaque-token', expires_in: 300 })),
);
t.teardown(() => Promise.all([upstream.close(), idp.close()]));
const config = {
  upstream: upstream.url,
  credential: { tokenEndpoint: `${idp.url}/token`, clientId: 'id', clientSecret: 'a secret' },
};

/** A folder with the program as it is shipped and what else is installed beside it. */
function installed(teardown: (end: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-traced-'));
  teardown(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(binary, '..'), join(folder, 'node_modules/bearerd/build/bundle'), { recursive: true });
  cpSync(join(repository, 'package.json'), join(folder, 'node_modules/bearerd/package.json'));
  return folder;
}

const program = 'node_modules/bearerd/build/bundle/main.js';

t.test(
  'issue 9, acceptance 4: without an SDK nothing of OpenTelemetry is loaded, though it is installed',
  async (t) => {
    const folder = installed((end) => t.teardown(end));
    const api = join(folder, 'node_modules/@opentelemetry/api');
    mkdirSync(api, { recursive: true });
    writeFileSync(
      join(api, 'package.json'),
      '{ "name": "@opentelemetry/api", "version": "1.9.1", "main": "index.js" }',
    );
    writeFileSync(
      join(api, 'index.js'),
      `require('node:fs').writeFileSync(${JSON.stringify(join(api, 'loaded'))}, '');`,
    );
    writeFileSync(join(folder, 'loads.mjs'), "import '@opentelemetry/api';");
    for (const env of [{}, { NODE_OPTIONS: '--import ./loads.mjs' }]) {
      const bearerd = await startBearerd({ program, folder, config, env });
      t.teardown(() => bearerd.stop('SIGKILL'));
      t.equal(await (await fetch(bearerd.url)).text(), 'ok');
      t.match(await (await fetch(`${bearerd.adminUrl}/metrics`)).text(), 'process_cpu_seconds_total');
      await bearerd.stop();
      t.equal(existsSync(join(api, 'loaded')), 'NODE_OPTIONS' in env, 'and a program that loads it is found out');
    }
    const bundle = readFileSync(join(folder, 'node_modules/bearerd/build/bundle/program.cjs'), 'latin1');
    t.notMatch(bundle, 'Attempted duplicate registration of API', 'nor is it in the bundle');
  },
);

runCommandsOf('docs/tracing.md', [
  [
    /^npm install bearerd (.+)$/,
    (t, [packages = '']) => {
      for (const name of packages.split(' ')) {
        t.ok(existsSync(join(repository, 'node_modules', name)), `${name} is what the other command runs with`);
      }
    },
  ],
  [
    /^NODE_OPTIONS="(.+)" OTEL_EXPORTER_OTLP_ENDPOINT=\S+ npx bearerd run --config bearerd\.yaml$/,
    async (t, [options = '']) => {
      const folder = installed((end) => t.teardown(end));
      symlinkSync(join(repository, 'node_modules/@opentelemetry'), join(folder, 'node_modules/@opentelemetry'));
      writeFileSync(join(folder, 'otel.mjs'), /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? '');
      const collector = await startUpstream((_seen, response) => response.end('{}'));
      const bearerd = await startBearerd({
        program,
        folder,
        config,
        env: { NODE_OPTIONS: options, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url },
      });
      t.teardown(async () => {
        await bearerd.stop('SIGKILL');
        await collector.close();
      });
      t.equal(await (await fetch(`${bearerd.url}/x?y=z`)).text(), 'ok');
      t.same(await bearerd.stop(), { code: 0, signal: undefined });

      // the OTLP JSON form, as far as it is looked at here
      const sent = collector.seen.map(({ body }) => JSON.parse(body.toString()) as Exported);
      const resources = sent.flatMap(({ resourceSpans }) => resourceSpans);
      t.match(JSON.stringify(resources[0]?.resource), '"stringValue":"bearerd"');
      const spans = resources.flatMap(({ scopeSpans }) => scopeSpans).flatMap(({ spans }) => spans);
      t.strictSame(spans.map(({ name }) => name).sort(), ['GET', 'GET /*', 'POST'], 'flushed at the end');
      const request = spans.find(({ name }) => name === 'GET /*');
      const call = spans.find(({ name }) => name === 'GET');
      t.equal(call?.parentSpanId, request?.spanId);
      t.equal(upstream.seen.at(-1)?.headers['traceparent'], `00-${call?.traceId}-${call?.spanId}-01`);
    },
  ],
]);

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: unknown;
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly name: string;
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
      }[];
    }[];
  }[];
}
