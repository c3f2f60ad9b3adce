import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Collibra, type CollibraOptions, startCollibra } from '../../src/emulator/collibra.ts';
import { demoClient, type Idp, type IdpOptions, startIdp } from '../../src/emulator/idp.ts';
import type { Teardown } from './front.ts';

/** An identity provider and a Collibra that trusts it, before anything is wrong. */
export interface Landscape {
  readonly idp: Idp;
  readonly collibra: Collibra;
  /** A configuration for them; `over` replaces keys of the route, `credential` those of the credential. */
  readonly config: (over?: object, credential?: object) => object;
}

/** Starts both; the options say what is different from a set-up that works. */
export async function landscape(
  t: Teardown,
  idpOptions: IdpOptions = {},
  collibraOptions: CollibraOptions = {},
): Promise<Landscape> {
  const idp = await startIdp(idpOptions);
  const jwt = { jwksUrl: idp.jwksUrl, issuer: idp.issuer, audience: 'collibra' };
  const collibra = await startCollibra({ ...jwt, ...collibraOptions });
  t.teardown(() => Promise.all([idp.close(), collibra.close()]));
  const client = { clientId: demoClient.id, clientSecret: demoClient.secret };
  const config = (over: object = {}, credential: object = {}) => ({
    upstream: collibra.url,
    preset: 'collibra',
    ...over,
    credential: { tokenEndpoint: idp.tokenEndpoint, ...client, ...credential },
  });
  return { idp, collibra, config };
}

/** A configuration whose token request fails, so that nobody asks the API. */
export function withoutToken(credential: object): object {
  const client = { clientId: demoClient.id, clientSecret: demoClient.secret };
  return { upstream: 'http://127.0.0.1:9', preset: 'collibra', credential: { ...client, ...credential } };
}

/** A file in a folder of its own. */
export function file(t: Teardown, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'bearerd-doctor-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'file');
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A token as the client of the emulated identity provider gets it. */
export async function tokenOf({ tokenEndpoint }: Idp): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: demoClient.id,
    client_secret: demoClient.secret,
  });
  const answer = await fetch(tokenEndpoint, { method: 'POST', body });
  // The emulator's own answer.
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}
