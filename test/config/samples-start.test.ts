import { PassThrough } from 'node:stream';
import t, { type Test } from 'tap';
import { run } from '../../src/cli/run.ts';
import { demoCollaborateClient, startCollaborate } from '../../src/emulator/collaborate.ts';
import { demoApplication, startCollibra } from '../../src/emulator/collibra.ts';
import { demoClient, startIdp } from '../../src/emulator/idp.ts';
import { MemoryStream } from '../support/memory-stream.ts';

/** Starts `bearerd run` with a sample on any free port, asks for one resource without a token, and stops it by SIGTERM. */
async function statusThrough(sample: string, path: string, env: Readonly<Record<string, string>>) {
  const [stdout, stderr] = [new MemoryStream(), new MemoryStream()];
  const listeners: (() => void)[] = [];
  const announced = new Promise<string>((resolve, reject) => {
    const write = stdout.write.bind(stdout);
    stdout.write = (chunk: Buffer | string) => {
      const done = write(chunk);
      const url = /listens on (\S+)/.exec(stdout.text)?.[1];
      if (url !== undefined) resolve(url);
      return done;
    };
    stderr.once('finish', () => reject(new Error(stderr.text)));
  });
  const code = run({
    argv: ['--config', `config/${sample}`, '--listen', '0', '--admin', 'off'],
    env,
    cwd: process.cwd(),
    home: undefined,
    version: '0.0.0',
    nodeVersion: '20.20.2',
    stdin: new PassThrough(),
    stdout,
    stderr,
    isTerminal: false,
    onSignal: (signal, listener) => {
      if (signal === 'SIGTERM') listeners.push(listener);
    },
  });
  code.then(
    () => stderr.end(),
    () => stderr.end(),
  );
  const url = await announced;
  const response = await fetch(`${url.replace(/\/$/, '')}${path}`);
  const body = await response.text();
  for (const listener of listeners) listener();
  return { status: response.status, body, code: await code, output: stdout.text + stderr.text };
}

async function services(t: Test) {
  const idp = await startIdp();
  const collibra = await startCollibra({ jwksUrl: idp.jwksUrl });
  const collaborate = await startCollaborate();
  t.teardown(() => Promise.all([idp, collibra, collaborate].map((service) => service.close())));
  return { idp, collibra, collaborate };
}

t.test('each sample starts and puts a token on a request', async (t) => {
  const { idp, collibra, collaborate } = await services(t);
  const folder = t.testdir({ secret: `${demoClient.secret}\n` });
  const own = { COLLIBRA_URL: collibra.url, TOKEN_ENDPOINT: idp.tokenEndpoint, CLIENT_ID: demoClient.id };
  const cases: [sample: string, path: string, secret: string, env: Record<string, string>][] = [
    ['collibra.yaml', '/rest/2.0/communities', demoClient.secret, { ...own, CLIENT_SECRET: demoClient.secret }],
    ['sidecar.yaml', '/rest/2.0/communities', demoClient.secret, { ...own, CLIENT_SECRET_FILE: `${folder}/secret` }],
    [
      'collibra-oauth.yaml',
      '/rest/2.0/communities',
      demoApplication.secret,
      { COLLIBRA_URL: collibra.url, CLIENT_ID: demoApplication.id, CLIENT_SECRET: demoApplication.secret },
    ],
    [
      'collaborate.yaml',
      '/sessions',
      demoCollaborateClient.secret,
      {
        COLLAB_URL: collaborate.url,
        COLLAB_KEY: demoCollaborateClient.key,
        COLLAB_SECRET: demoCollaborateClient.secret,
      },
    ],
  ];
  for (const [sample, path, secret, env] of cases) {
    const { status, body, code, output } = await statusThrough(sample, path, env);
    t.equal(status, 200, `${sample}: ${body.slice(0, 300)}`);
    t.equal(code, 0, `${sample} stops cleanly`);
    t.notMatch(output, secret, `${sample}: no output shows the secret`);
  }
});
