import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { createTokenCache } from '../../src/token/token-cache.ts';
import { TokenSource } from '../../src/token/token-source.ts';
import { FakeClock, failureOf } from '../token/support.ts';
import { goodToken, make, startEndpoint, testContext } from './support.ts';

/** A volume as Kubernetes mounts a Secret: `secret` → `..data/secret`, and `..data` → a folder that is swapped whole. */
class Volume {
  readonly file: string;
  readonly #folder: string;
  #version = 0;

  constructor(folder: string, secret: string) {
    this.#folder = folder;
    this.file = join(folder, 'secret');
    this.swap(secret);
    symlinkSync(join('..data', 'secret'), this.file);
  }

  swap(secret: string): void {
    this.#version += 1;
    const name = `..version${this.#version}`;
    mkdirSync(join(this.#folder, name));
    writeFileSync(join(this.#folder, name, 'secret'), secret);
    symlinkSync(name, join(this.#folder, '..data_tmp'));
    renameSync(join(this.#folder, '..data_tmp'), join(this.#folder, '..data'));
  }
}

async function start(
  t: Parameters<typeof startEndpoint>[0] & { readonly testdir: (content: Record<string, never>) => string },
) {
  const volume = new Volume(t.testdir({}), 'secret-one');
  const accepted = new Set(['secret-one']);
  const endpoint = await startEndpoint(t, (response) => {
    const given = new URLSearchParams(endpoint.last().body).get('client_secret') ?? '';
    if (accepted.has(given)) return goodToken(response);
    response.writeHead(401).end('{"error":"invalid_client"}');
  });
  const clock = new FakeClock();
  const context = testContext({ clock });
  const clientAuthentication = 'client_secret_post';
  const options = {
    tokenEndpoint: endpoint.url,
    clientId: 'x',
    clientSecret: { file: volume.file },
    clientAuthentication,
  };
  const provider = make(clientCredentials, options, context);
  const events = { requestEnded: () => {}, refreshShared: () => {}, becameCurrent: () => {} };
  const source = new TokenSource('k', provider, createTokenCache(1), {
    clock,
    random: () => 0,
    log: context.log,
    events,
  });
  const last = () => new URLSearchParams(endpoint.last().body).get('client_secret');
  return { volume, accepted, endpoint, clock, source, last };
}

t.test('acceptance 2: a secret rotated twice by symlink swap, under load: no request fails', async (t) => {
  const { volume, accepted, endpoint, clock, source, last } = await start(t);
  const load = async () => {
    for (let i = 0; i < 100; i++) {
      await Promise.all(Array.from({ length: 10 }, () => source.get(true)));
      clock.advance(1000);
    }
  };
  await load();
  t.equal(last(), 'secret-one');
  for (const [before, after] of [
    ['secret-one', 'secret-two'],
    ['secret-two', 'secret-three'],
  ] as const) {
    accepted.add(after);
    volume.swap(after);
    accepted.delete(before);
    await load();
    t.equal(last(), after);
  }
  t.ok(endpoint.seen.length < 10, `${endpoint.seen.length} token requests in 300 s with tokens of 60 s`);
});

t.test('wire facts 4.3: a secret that is swapped after it was refused is used by the next request', async (t) => {
  const { volume, accepted, endpoint, clock, source, last } = await start(t);
  accepted.clear();
  for (let i = 0; i < 3; i++) {
    await failureOf(source.get(true));
    clock.advance(1000);
  }
  t.equal(endpoint.seen.length, 1, 'the refusal is remembered');
  accepted.add('secret-two');
  volume.swap('secret-two');
  t.equal((await source.get(true)).token.value, 'tok-1', 'although 2 s of 5 are left');
  t.equal(last(), 'secret-two');
  t.equal(endpoint.seen.length, 2);
});
