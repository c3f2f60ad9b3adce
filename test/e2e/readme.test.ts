import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startCollibra } from '../../src/emulator/collibra.ts';
import { demoClient, startIdp } from '../../src/emulator/idp.ts';
import { BearerdProcess, repository } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';
import { fencedBlock } from '../support/shell-blocks.ts';

// Every command of README.md is run, in order, in a folder that has what the README says. The build is there already, so
// `npm ci` and the build of the npm scripts are left out: a test may not replace the files that other tests are running.

const readme = readFileSync(join(repository, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

const idp = await startIdp();
t.teardown(idp.close);
const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra' });
t.teardown(collibra.close);
const folder = mkdtempSync(join(tmpdir(), 'bearerd-e2e-'));
t.teardown(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'bearerd.yaml'), fencedBlock(readme, 'yaml'));
writeFileSync(join(folder, 'secret'), `${demoClient.secret}\n`);

/** Any free ports instead of the usual ones; the emulators instead of hosts that are somebody's, where flags do not say otherwise. */
const env = {
  BEARERD_LISTEN: '127.0.0.1:0',
  BEARERD_ADMIN: '127.0.0.1:0',
  BEARERD_TOKENS_EAGER: 'false',
  BEARERD_UPSTREAM: collibra.url,
  BEARERD_TOKEN_ENDPOINT: idp.tokenEndpoint,
};

/** The proxy that the last `npm start` with a file has started, for the lines after it. */
let proxy: BearerdProcess | undefined;
t.teardown(() => proxy?.stop());

/** What `npm run NAME -- WORDS` starts, without the build. */
function script(name: string, words: readonly string[]): BearerdProcess {
  const command = String(scripts[name]).replace('npm run --silent build && ', '');
  const [node, file, ...own] = command.split(' ');
  if (node !== 'node' || file !== 'build/src/main.js') throw new Error(`the script ${name} is ${scripts[name]}`);
  return new BearerdProcess({ words: [...own, ...words], env: name === 'start' ? env : {}, folder });
}

runCommandsOf('README.md', [
  // Started by CI itself, and this test is part of it.
  [/^npm ci && npm test$/, async (t) => t.match(scripts.test, /^rm -rf build && .*run-suite\.js$/)],
  [
    /^npm ci && npm run demo$/,
    async (t) => {
      const demo = script('demo', ['--port', '0']);
      await demo.until(() => demo.stdout.includes('curl http://'), 'lines to copy');
      t.same(await demo.stop('SIGINT'), { code: 0, signal: undefined });
    },
  ],
  [
    /^npm run demo -- --once$/,
    async (t) => t.same(await script('demo', ['--once']).ended(), { code: 0, signal: undefined }),
  ],
  [
    /^npm start -- (.*--config .*)$/,
    async (t, [words = '']) => {
      await proxy?.stop();
      proxy = await script('start', words.split(' ')).ready();
      t.match(proxy.url, /^http:/);
    },
  ],
  [
    // Flags come before the variables, so this one would call the hosts of the README: it is started and stopped.
    /^npm start -- (--upstream .*)$/,
    async (t, [words = '']) => {
      const started = await script('start', words.split(' ')).ready();
      t.same(await started.stop(), { code: 0, signal: undefined });
    },
  ],
  [
    // With fetch: a machine with Node need not have curl.
    /^curl http:\/\/127\.0\.0\.1:8080(\/\S*)$/,
    async (t, [path = '']) => {
      const answer = await fetch(`${proxy?.url}${path}`);
      t.equal(answer.status, 200);
      t.match(await answer.text(), 'Data Governance Council');
    },
  ],
]);
