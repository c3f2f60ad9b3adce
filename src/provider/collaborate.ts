import { oneOf } from '../config/option/choice.ts';
import { object } from '../config/option/group.ts';
import { duration } from '../config/option/quantity.ts';
import { secret } from '../config/option/secret.ts';
import { boolean } from '../config/option/switch.ts';
import { string } from '../config/option/text.ts';
import { url } from '../config/option/url.ts';
import type { Lint, ProviderDefinition } from '../config/provider-definition.ts';
import type { Infer } from '../config/shape.ts';
import { TokenRequestError } from '../token/provider.ts';
import { signAssertion } from './assertion.ts';
import { basicCredentials } from './client-authentication.ts';
import { endpointFields, enquiryOf, lintLifetimes, lintPlainHttp } from './endpoint-options.ts';
import { createSecretReader } from './secret-reader.ts';
import { signsWithSecret } from './signing-key.ts';
import { lintPrivateKey, lintSharedSecret } from './signing-lint.ts';
import { cureOfTime, exchanged, farAhead, oddSecret, type Suspicion } from './suspicion.ts';
import { createTokenEndpoint } from './token-endpoint.ts';

const schema = object(
  {
    key: string({
      doc: 'REST key; issuer and subject of the assertion.',
      required: true,
      example: 'my-collab-rest-key',
    }),
    secret: secret({
      doc: 'REST secret for HS256, HS384 and HS512; read again for every token request.',
      example: '{ file: ./secret }',
    }),
    privateKey: secret({
      doc: 'RSA private key in PKCS#8 or PKCS#1 PEM for RS256, RS384 and RS512; read again for every token request.',
      example: '{ file: ./key.pem }',
    }),
    algorithm: oneOf(['HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512'], {
      doc: 'Signature algorithm of the assertion.',
      default: 'HS256',
    }),
    tokenEndpoint: url({
      doc: 'Token endpoint; the upstream of the route that uses the credential, with /token added, when not set.',
      query: 'allowed',
      example: 'https://us.bbcollab.com/collab/api/csa/token',
    }),
    assertionIn: oneOf(['body', 'query'], {
      doc: 'Where grant type and assertion are sent: the form body (RFC 6749 §3.2), or the query as older clients do.',
      default: 'body',
    }),
    assertionLifetime: duration({
      doc: 'From now to the expiry of the assertion; Collaborate allows 5 minutes.',
      default: '240s',
      minimum: '1s',
      maximum: '300s',
      cure: 'write 1s to 300s; Collaborate wants the assertion to expire within 5 minutes, and 240s leaves room for clock differences',
    }),
    expUnit: oneOf(['seconds', 'milliseconds'], { doc: 'Unit of `exp` (RFC 7519 wants seconds).', default: 'seconds' }),
    expType: oneOf(['number', 'string'], { doc: 'JSON type of `exp` (RFC 7519 wants a number).', default: 'number' }),
    includeIat: boolean({ doc: 'Adds the time of issue, `iat`, to the assertion.', default: false }),
    jti: boolean({ doc: 'Adds a random `jti` to the assertion.', default: false }),
    keyId: string({ doc: '`kid` of the assertion, to tell the keys of one issuer apart.', example: 'key-2025-01' }),
    audience: string({ doc: '`aud` of the assertion.', example: 'www.blackboard.com' }),
    basic: boolean({
      doc: 'Sends HTTP Basic credentials, key and secret, with the token request.',
      default: false,
    }),
    ...endpointFields,
  },
  { doc: 'Blackboard Collaborate (RFC 7523 assertion).' },
);

type Options = Infer<typeof schema>;
const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Tokens for Blackboard Collaborate: a signed assertion posted to `/token` (wire facts 1; RFC 7523 §2.1). */
export const collaborate: ProviderDefinition<Options> = {
  kind: 'collaborate',
  shareable: true,
  doc: 'Signs an assertion with key and secret and exchanges it at the token endpoint of Blackboard Collaborate (RFC 7523).',
  schema,
  enquiry: (options, { upstreams }) =>
    enquiryOf(upstreams.length === 0 ? options : { ...options, tokenEndpoint: tokenEndpoint(options, upstreams) }),
  create(options, { clock, log, upstreams, wantsJwt }) {
    const secrets = createSecretReader(log);
    const endpoint = createTokenEndpoint(
      {
        tokenEndpoint: tokenEndpoint(options, upstreams),
        options,
        cure: (reason, words) => cure(reason, words, options),
      },
      { clock, log, wantsJwt, secrets },
    );
    return {
      requestToken: (signal) =>
        endpoint.request(async ({ nowMs }) => {
          const secretText = options.secret === undefined ? '' : await secrets.read(options.secret);
          const keyText = options.privateKey === undefined ? '' : await secrets.read(options.privateKey);
          const assertion = await signAssertion(
            { ...options, issuer: options.key, subject: options.key, lifetimeMs: options.assertionLifetime },
            signsWithSecret(options.algorithm) ? secretText : keyText,
            nowMs,
          );
          const authorization = options.basic ? basicCredentials(options.key, secretText) : undefined;
          return {
            // Both parts consist of characters that need no escaping; the grant type is spelt as in the seed.
            form: `grant_type=${grant}&assertion=${assertion}`,
            sentIn: options.assertionIn,
            authorization,
            secrets: [assertion, authorization?.slice('Basic '.length) ?? ''],
            timed: true,
            suspicion: suspicionOf(options, secretText),
          };
        }, signal),
      secretsChanged: secrets.changed,
      issuer: endpoint.issuer,
      close: endpoint.close,
    };
  },
  lint(options, { upstreams }) {
    return [
      ...lintTokenEndpoint(options, upstreams),
      ...lintLifetimes(options.defaultLifetime, options.maxLifetime),
      ...lintKey(options),
    ];
  },
};

/** The base path differs per generation of the API, so it is kept (wire facts 1.4). */
function tokenEndpoint(options: Options, upstreams: readonly string[]): string {
  const [upstream] = upstreams;
  if (options.tokenEndpoint !== undefined) return options.tokenEndpoint;
  if (upstream !== undefined) return `${upstream.replace(/\/+$/, '')}/token`;
  throw new TokenRequestError('The collaborate credential has no token endpoint and no route uses it.', {
    kind: 'permanent',
    reason: 'no_token_endpoint',
    action: "Set the credential's tokenEndpoint.",
  });
}

function suspicionOf({ key, expUnit, algorithm, assertionLifetime }: Options, secret: string): Suspicion | undefined {
  const shared = signsWithSecret(algorithm) ? (oddSecret(secret, 'secret') ?? exchanged(key, secret)) : undefined;
  return farAhead(assertionLifetime, expUnit === 'milliseconds') ?? shared;
}

function cure(reason: string, words: string, options: Options): string | undefined {
  if (!['invalid_grant', 'invalid_client', 'invalid_token', 'http_400', 'http_401'].includes(reason)) return undefined;
  const aboutTime = cureOfTime(words, options.assertionLifetime);
  if (aboutTime !== undefined) return aboutTime;
  const key = signsWithSecret(options.algorithm)
    ? 'key and secret (that they are not exchanged, too)'
    : 'key, privateKey and algorithm';
  return `Check ${key}, and that this machine's clock is right: the assertion is valid for ${options.assertionLifetime / 1000} s.`;
}

function lintTokenEndpoint(options: Options, upstreams: readonly string[]): readonly Lint[] {
  if (options.tokenEndpoint !== undefined || upstreams.length === 1) {
    return lintPlainHttp(tokenEndpoint(options, upstreams), options.insecureHttp);
  }
  const problem =
    upstreams.length === 0
      ? 'is missing, and no route uses this credential'
      : 'is missing, and routes with different upstreams use this credential';
  return [{ path: 'tokenEndpoint', problem, cure: 'write the URL that ends in /token', severity: 'error' }];
}

function lintKey(options: Options): readonly Lint[] {
  const findings: Lint[] = [];
  const needed = signsWithSecret(options.algorithm) ? 'secret' : 'privateKey';
  if (options[needed] === undefined) {
    findings.push({
      path: needed,
      problem: `is missing, and ${options.algorithm} needs it`,
      cure: `write ${needed}: { file: PATH }, or choose another algorithm`,
      severity: 'error',
    });
  }
  if (options.basic && options.secret === undefined) {
    findings.push({
      path: 'basic',
      problem: 'needs the secret, which is missing',
      cure: 'write secret: { file: PATH }, or basic: false',
      severity: 'error',
    });
  }
  const unused = signsWithSecret(options.algorithm) ? options.privateKey : options.basic ? undefined : options.secret;
  if (unused !== undefined) {
    findings.push({
      path: signsWithSecret(options.algorithm) ? 'privateKey' : 'secret',
      problem: `is not used with algorithm ${options.algorithm}`,
      cure: 'remove it, or choose the algorithm that belongs to it',
      severity: 'warning',
    });
  }
  return [
    ...findings,
    ...(signsWithSecret(options.algorithm)
      ? lintSharedSecret(options.secret, options.algorithm, 'secret')
      : lintPrivateKey(options.privateKey, options.algorithm)),
  ];
}
