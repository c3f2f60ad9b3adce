import { execFile } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { startEndpoint } from '../provider/support.ts';
import { repository } from '../support/bearerd-process.ts';
import { packedProject } from '../support/packed-project.ts';
import { startUpstream } from '../support/upstream.ts';
import { walk } from '../support/walk.ts';

const run = promisify(execFile);

t.test('the packed package, in a project of somebody else', async (t) => {
  const folder = await packedProject(t);
  const node = (...words: string[]) =>
    run(process.execPath, words, { cwd: folder, env: { PATH: process.env['PATH'] } });

  await t.test('createProxy and createTokenSource', async (t) => {
    const endpoint = await startEndpoint(t);
    const upstream = await startUpstream();
    t.teardown(() => upstream.close());
    writeFileSync(
      join(folder, 'use.mjs'),
      `import { createProxy, createTokenSource } from 'bearerd';
       const credential = { tokenEndpoint: '${endpoint.url}', clientId: 'id', clientSecret: 'packed-s3cret' };
       const proxy = await createProxy({ listen: 0, upstream: '${upstream.url}', credential });
       const [url] = await proxy.start();
       const { status } = await fetch(url + '/x');
       await proxy.stop();
       const tokens = await createTokenSource(credential);
       const { authorization } = await tokens.getToken();
       await tokens.close();
       console.log(JSON.stringify({ status, authorization }));`,
    );
    const { stdout, stderr } = await node('use.mjs');
    t.same(JSON.parse(stdout), { status: 200, authorization: 'Bearer tok-1' });
    t.equal(stderr, '');
    t.equal(upstream.seen[0]?.headers.authorization, 'Bearer tok-1');
  });

  await t.test('the provider of examples/provider-module keeps its promises', async (t) => {
    cpSync(join(repository, 'examples/provider-module'), folder, { recursive: true });
    const { stdout } = await node('conformance.mjs');
    t.equal(stdout.match(/^ok /gm)?.length, 13);
    t.notMatch(stdout, 'NOT OK');
    const lines = readFileSync(join(folder, 'vault-provider.mjs'), 'utf8').trim().split('\n').length;
    t.ok(lines <= 35, `${lines} lines`);
  });

  await t.test('its configuration is valid for the packed program', async (t) => {
    const env = {
      PATH: process.env['PATH'],
      API_URL: 'https://api.example.com',
      VAULT_URL: 'https://vault.example.com/token',
      VAULT_KEY: 'vault-key-0123456789',
    };
    const bin = join(folder, 'node_modules/bearerd/build/bundle/main.js');
    const { stdout } = await run(process.execPath, [bin, 'check', '--config', 'bearerd.yaml'], { cwd: folder, env });
    t.match(stdout, /configuration is valid/);
    const printed = await run(process.execPath, [bin, 'config', 'print', '--config', 'bearerd.yaml'], {
      cwd: folder,
      env,
    });
    t.notMatch(printed.stdout, 'vault-key-0123456789');
  });

  await t.test('its types', async (t) => {
    writeFileSync(
      join(folder, 'types.ts'),
      `import { createProxy, createTokenSource, defineProvider, type AccessToken, object, string, duration } from 'bearerd';
       import { conformance } from 'bearerd/provider-kit';
       export const provider = defineProvider({
         kind: 'typed',
         schema: object({ name: string({ doc: 'x', required: true }), life: duration({ doc: 'x', default: '5m' }) }, { doc: 'x' }),
         create: (options, { clock }) => {
           const name: string = options.name;
           const lifetimeMs: number = options.life;
           // @ts-expect-error there is no such option
           options.nothing;
           const requestToken = async (): Promise<AccessToken> =>
             ({ value: name, requestedAtMs: clock.nowMs(), lifetimeMs, lifetimeSource: 'default' });
           return { requestToken };
         },
       });
       const proxy = await createProxy({ upstream: 'https://x' }, { providers: [provider] });
       export const urls: readonly string[] = proxy.urls;
       const { expiresAtMs } = await (await createTokenSource({})).getToken();
       export const at: number | undefined = expiresAtMs;
       for await (const { name, ok } of conformance(provider, {})) { const both: [string, boolean] = [name, ok]; both; }`,
    );
    const tsc = join(repository, 'node_modules/.bin/tsc');
    const types = join(repository, 'node_modules/@types');
    const words = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--exactOptionalPropertyTypes',
      '--skipLibCheck',
      '--typeRoots',
      types,
      '--types',
      'node',
      'types.ts',
    ];
    const failed = await run(tsc, words, { cwd: folder }).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
    t.equal(failed, '');
  });

  // Every command of docs/first-steps.md is run.
  await t.test('docs/first-steps.md, walked from end to end', async (t) => {
    const page = readFileSync(join(repository, 'docs/first-steps.md'), 'utf8');
    const program = join(folder, 'node_modules/bearerd/build/bundle/main.js');
    const [, first = '', second = ''] = page.split(/^## /m);
    const toFirstAnswer = await walk(t, first, program);
    t.ok(toFirstAnswer.length <= 5, `${toFirstAnswer.length} commands`);
    t.match(toFirstAnswer.at(-1), { code: 200, output: 'Data Governance Council' });

    const toCure = await walk(t, second, program);
    t.ok(toCure.length <= 5, `${toCure.length} commands`);
    const [broken, , cured] = toCure.slice(-3);
    t.equal(broken?.code, 1);
    t.match(broken?.output, /\n1\. .*credential's issuer is "(.*)\/"\.\n.*\n.*issuer: \1\n/);
    t.match(cured, { code: 0, output: /nothing found/ });
  });

  t.ok(readdirSync(join(folder, 'package')).includes('docs'));
  t.notOk(readdirSync(join(folder, 'package', 'build')).includes('test'), 'tests are not packed');
});
