export type { Clock } from './clock.ts';
export { ConfigurationError } from './config/configuration-error.ts';
export { defineProvider, type ProviderSpec } from './config/define-provider.ts';
export type { Problem } from './config/input.ts';
export { pemOrPath } from './config/option/certificate.ts';
export { oneOf } from './config/option/choice.ts';
export { object } from './config/option/group.ts';
export { list } from './config/option/list.ts';
export { integer } from './config/option/number.ts';
export { parsed } from './config/option/parsed.ts';
export { duration, size } from './config/option/quantity.ts';
export { record } from './config/option/record.ts';
export { secret } from './config/option/secret.ts';
export { boolean } from './config/option/switch.ts';
export { string } from './config/option/text.ts';
export { url } from './config/option/url.ts';
export type { Lint, ProviderContext, ProviderDefinition } from './config/provider-definition.ts';
export type { Secret } from './config/secret.ts';
export type { Complaint, Infer, Shape } from './config/shape.ts';
export { BearerdError, type ErrorCode } from './errors.ts';
export { type ConfigSource, createProxy, type EmbeddedProxy } from './library/create-proxy.ts';
export {
  createTokenSource,
  type EmbeddedTokenSource,
  type Token,
  type TokenSourceOptions,
} from './library/create-token-source.ts';
export type { EmbeddingOptions } from './library/settings.ts';
export type { Log } from './log.ts';
export type { AccessToken, LifetimeSource } from './token/access-token.ts';
export {
  type SubjectTokenRequests,
  type TokenProvider,
  TokenRequestError,
  type TokenRequestFailure,
} from './token/provider.ts';
