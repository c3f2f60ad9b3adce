import type { ProviderDefinition } from '../config/provider-definition.ts';
import { clientCredentials } from './client-credentials.ts';
import { collaborate } from './collaborate.ts';
import { command } from './command.ts';
import { file } from './file.ts';
import { jwtBearer } from './jwt-bearer.ts';
import { module } from './module.ts';
import { refreshToken } from './refresh-token.ts';
import { staticToken } from './static.ts';
import { tokenExchange } from './token-exchange.ts';

/** Every provider there is; a new one is one file and one line here. */
export const providers: readonly ProviderDefinition<unknown>[] = [
  clientCredentials,
  collaborate,
  jwtBearer,
  tokenExchange,
  refreshToken,
  file,
  command,
  module,
  staticToken,
];
