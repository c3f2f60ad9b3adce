import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { collaborate } from '../../src/provider/collaborate.ts';
import { command } from '../../src/provider/command.ts';
import { file } from '../../src/provider/file.ts';
import { jwtBearer } from '../../src/provider/jwt-bearer.ts';
import { refreshToken } from '../../src/provider/refresh-token.ts';
import { staticToken } from '../../src/provider/static.ts';
import { tokenExchange } from '../../src/provider/token-exchange.ts';
import { type ConformanceHooks, type ConformanceResult, conformance } from '../../src/provider-kit/index.ts';
import { startEndpoint } from '../provider/support.ts';

const secret = 'own-provider-s3cret-0123456789-0123456789';

/** A token endpoint whose mood the kit changes. */
async function service(t: Test) {
  let mood: 'works' | 'refuses' | 'hangs' = 'works';
  let count = 0;
  const endpoint = await startEndpoint(t, (response) => {
    count += 1;
    if (mood === 'works')
      response.end(
        JSON.stringify({ access_token: `tok-${count}`, expires_in: 60, refresh_token: `${secret}-${count}` }),
      );
    if (mood === 'refuses')
      response.writeHead(400).end(JSON.stringify({ error: 'invalid_client', error_description: `no: ${secret}` }));
  });
  const set = (next: typeof mood) => () => {
    mood = next;
  };
  const hooks: ConformanceHooks = {
    secrets: [secret],
    refuse: set('refuses'),
    hang: set('hangs'),
    restore: set('works'),
  };
  return { endpoint, hooks };
}

async function broken(results: AsyncIterable<ConformanceResult>): Promise<ConformanceResult[]> {
  const found: ConformanceResult[] = [];
  for await (const result of results) if (!result.ok) found.push(result);
  return found;
}

t.test('the providers of bearerd keep the promises that it asks of others', async (t) => {
  const { endpoint, hooks } = await service(t);
  const folder = t.testdir({ secret, token: secret });
  const client = { tokenEndpoint: endpoint.url, clientId: 'id', clientSecret: { file: join(folder, 'secret') } };
  const file_ = join(folder, 'token');
  t.same(await broken(conformance(clientCredentials, client, hooks)), [], 'client-credentials');
  t.same(
    await broken(conformance(tokenExchange, { ...client, subjectToken: { file: file_ } }, hooks)),
    [],
    'token-exchange',
  );
  t.same(
    await broken(conformance(refreshToken, { ...client, refreshToken: { file: file_ } }, hooks)),
    [],
    'refresh-token',
  );
  const signed = { tokenEndpoint: endpoint.url, secret, algorithm: 'HS256' };
  t.same(await broken(conformance(collaborate, { ...signed, key: 'k' }, hooks)), [], 'collaborate');
  t.same(await broken(conformance(jwtBearer, { ...signed, issuer: 'i', audience: 'a' }, hooks)), [], 'jwt-bearer');
});

t.test('those without a token endpoint too', async (t) => {
  const path = join(t.testdir(), 'token');
  const write = (text: string) => () => writeFileSync(path, text);
  write('a-token-0123456789')();
  const hooks = { secrets: ['a-token-0123456789'], restore: write('a-token-0123456789'), refuse: write('') };
  t.same(await broken(conformance(file, { path }, hooks)), [], 'file');
  t.same(await broken(conformance(staticToken, { token: { file: path } }, hooks)), [], 'static');
  const mood = join(t.testdir({ mood: 'works' }), 'mood');
  const set = (next: string) => () => writeFileSync(mood, next);
  const program = `
    const mood = require('node:fs').readFileSync(${JSON.stringify(mood)}, 'utf8');
    if (mood === 'works') process.stdout.write('printed-token-0123456789');
    if (mood === 'refuses') { process.stdout.write('printed-token-0123456789'); process.stderr.write('no: printed-token-0123456789'); process.exitCode = 1; }
    if (mood === 'hangs') setInterval(() => {}, 1000);`;
  const about = {
    secrets: ['printed-token-0123456789'],
    refuse: set('refuses'),
    hang: set('hangs'),
    restore: set('works'),
  };
  t.same(await broken(conformance(command, { command: [process.execPath, '-e', program] }, about)), [], 'command');
});
