import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { stringify } from 'yaml';
import { startBearerd } from '../support/bearerd-process.ts';
import { startRotatingEndpoint } from '../support/token-endpoint.ts';
import { startUpstream } from '../support/upstream.ts';

t.test('issue 9, acceptance 2: 20 restarts with the file cache, ten of them killed: one token request', async (t) => {
  const idp = await startRotatingEndpoint(3_600, 'the-secret');
  const upstream = await startUpstream(({ headers }, response) => response.end(headers.authorization));
  t.teardown(() => Promise.all([idp.close(), upstream.close()]));
  const folder = t.testdir({
    key: 'a7Vh2QpX9sLw4Rt6Yb1Nc8Md3Zf5Kg0JeIuOxTqBvCE=\n',
    'bearerd.yaml': stringify({
      upstream: upstream.url,
      tokens: { cache: { file: './tokens', key: { file: './key' } } },
      credential: { tokenEndpoint: idp.url, clientId: 'app', clientSecret: 'the-secret' },
    }),
  });
  for (let round = 0; round < 20; round += 1) {
    const bearerd = await startBearerd({ folder });
    t.equal(await (await fetch(bearerd.url)).text(), 'Bearer token-1');
    // the first one has to write the file in peace
    await bearerd.stop(round % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
  }
  t.equal(idp.issued.length, 1);
  t.equal(statSync(join(folder, 'tokens')).mode & 0o777, 0o600);
});
