import { refreshToken } from '../../src/provider/refresh-token.ts';
import { make, obtain } from './support.ts';

// Started as a process of its own by refresh-token-kill.test.ts: node refresh-for-ever.js TOKEN_ENDPOINT FILE
const [tokenEndpoint = '', file = ''] = process.argv.slice(2);
const provider = make(refreshToken, {
  tokenEndpoint,
  clientId: 'id',
  clientAuthentication: 'none',
  refreshToken: { file },
});
for (;;) await obtain(provider);
