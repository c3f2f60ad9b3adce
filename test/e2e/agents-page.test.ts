import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../src/config/load.ts';
import { startCollibra } from '../../src/emulator/collibra.ts';
import { demoClient, startIdp } from '../../src/emulator/idp.ts';
import { providers } from '../../src/provider/index.ts';
import { BearerdProcess, repository } from '../support/bearerd-process.ts';
import { runCommandsOf } from '../support/page-commands.ts';
import { fencedBlock } from '../support/shell-blocks.ts';
import { eventually } from '../support/tcp.ts';

// Every command of docs/agents.md is run, in order, and answers as the comment behind it says.

const page = readFileSync(join(repository, 'docs/agents.md'), 'utf8');
const idp = await startIdp();
t.teardown(idp.close);
const collibra = await startCollibra({ jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra' });
t.teardown(collibra.close);
const folder = mkdtempSync(join(tmpdir(), 'bearerd-e2e-'));
t.teardown(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'bearerd.yaml'), fencedBlock(page, 'yaml'));
writeFileSync(join(folder, 'secret'), `${demoClient.secret}\n`, { mode: 0o600 });

let proxy: BearerdProcess | undefined;
t.teardown(() => proxy?.stop());

/** Any free ports, and the emulators instead of hosts that are somebody's. */
const env = {
  BEARERD_LISTEN: '127.0.0.1:0',
  BEARERD_ADMIN: '127.0.0.1:0',
  BEARERD_UPSTREAM: collibra.url,
  BEARERD_TOKEN_ENDPOINT: idp.tokenEndpoint,
  BEARERD_CLIENT_ID: demoClient.id,
  BEARERD_LOG_FORMAT: 'json',
};

function inShell(command: string, more: Record<string, string> = {}): string {
  return execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', env: { ...process.env, ...more } });
}

function audited(): Record<string, unknown>[] {
  const text = readFileSync(join(folder, 'audit.jsonl'), 'utf8').trim();
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The status and code in the comment behind a command of the page. */
function promised(command: string): { status: number; code: string | undefined } {
  const line = page.split('\n').find((one) => one.trim().startsWith(`${command} `));
  const [, status = '', code] = /# (\d{3})(?: (\w+))?$/.exec(line ?? '') ?? [];
  return { status: Number(status), code };
}

runCommandsOf('docs/agents.md', [
  [
    /^\(umask 077;/,
    async (t, _words, command) => {
      inShell(command);
      t.equal(statSync(join(folder, 'local-key')).mode & 0o777, 0o600);
      t.match(readFileSync(join(folder, 'local-key'), 'utf8'), /^[\w-]{32}\n$/);
    },
  ],
  [
    /^bearerd (run --config bearerd\.yaml)$/,
    async (t, [words = '']) => {
      proxy = await new BearerdProcess({ words: words.split(' '), env, folder }).ready();
      t.notMatch(proxy.stderr, /warning/);
    },
  ],
  [
    // With fetch: a machine with Node need not have curl.
    /^curl (?:-X ([A-Z]+) )?(-H "Bearerd-Key: \$\(cat local-key\)" )?http:\/\/127\.0\.0\.1:8080(\/\S*)$/,
    async (t, [method = 'GET', key, path = ''], command) => {
      const { status, code } = promised(command);
      const headers: Record<string, string> =
        key === undefined ? {} : { 'Bearerd-Key': readFileSync(join(folder, 'local-key'), 'utf8').trim() };
      const before = audited().length;
      const answer = await fetch(`${proxy?.url}${path}`, { method, headers });
      const body = (await answer.json()) as { code?: string; rule?: string };
      t.equal(answer.status, status);
      t.equal(body.code, code);
      t.equal(body.rule, code === 'BEARERD_NOT_ALLOWED' ? 'allow' : undefined);
      await eventually(() => audited().length > before, 'the line in the audit log');
      const decision = status === 200 ? 'allowed' : 'refused';
      t.match(audited().at(-1), { method, path, decision, status, ...(code === undefined ? {} : { error: code }) });
      for (const name of Object.keys(audited().at(-1) ?? {})) t.match(page, `\`${name}\``, 'the page names the field');
    },
  ],
  [/^mv audit\.jsonl /, async (_t, _words, command) => inShell(command)],
  [
    /^kill -HUP \$BEARERD_PID$/,
    async (t, _words, command) => {
      inShell(command, { BEARERD_PID: String(proxy?.pid) });
      await proxy?.until(() => /"event":"config_reloaded"/.test(proxy?.stderr ?? ''), 'the reload');
      t.same(audited(), [], 'a new file');
      t.ok(statSync(join(folder, 'audit.1.jsonl')).size > 0);
    },
  ],
]);

t.test('only what the page allows has reached the API, and one token was enough', async (t) => {
  const { requests, tokenRequests } = (await (await fetch(`${collibra.url}/__stats`)).json()) as {
    requests: number;
    tokenRequests: number;
  };
  t.same({ requests, tokenRequests }, { requests: 1, tokenRequests: 0 });
});

t.test('every configuration of the page is valid', async (t) => {
  const samples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml = '']) => yaml);
  t.equal(samples.length, 2);
  for (const [index, yaml] of samples.entries()) {
    const file = join(folder, `sample-${index}.yaml`);
    writeFileSync(file, yaml);
    const { warnings } = loadConfig({ env: {}, flags: {}, cwd: folder, file, home: undefined, providers });
    t.same(warnings, []);
  }
});
