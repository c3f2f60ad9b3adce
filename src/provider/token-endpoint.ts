import type { Clock } from '../clock.ts';
import { redact, rememberSecret } from '../config/secret.ts';
import type { Log } from '../log.ts';
import type { AccessToken } from '../token/access-token.ts';
import { ClockSkew, noticeableSkewMs } from '../token/clock-skew.ts';
import { type IssuerContact, TokenRequestError } from '../token/provider.ts';
import { type Connections, createConnections } from './connections.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import { exchange } from './exchange.ts';
import { createIssuer, type Issuer } from './issuer.ts';
import { createIssuerContact } from './issuer-contact.ts';
import { warnUnlessJwt } from './jwt-expected.ts';
import type { SecretReader } from './secret-reader.ts';
import type { Suspicion } from './suspicion.ts';
import { header, jsonObject, type TokenAnswer } from './token-answer.ts';
import { parseTokenAnswer, type TokenResult } from './token-response.ts';

/** Where and how token requests of one credential are sent. */
export interface TokenEndpointSettings {
  /** With its own query, if it has one; sent as written. Wins over what the issuer's metadata says. */
  readonly tokenEndpoint: string | undefined;
  /** Asked for the token endpoint where that is not configured. */
  readonly issuer?: string | undefined;
  /** Time-out, TLS, headers and lifetimes. */
  readonly options: EndpointOptions;
  /** The member of the answer that is the token; default access_token. */
  readonly tokenField?: string | undefined;
  /**
   * Looks at each 2xx answer that is a JSON object before its token is handed over; an error is thrown in the token's place.
   * `endpoint` is for its message.
   */
  readonly examine?: Examine | undefined;
  /** The next step for an error code (and the endpoint's words) that the provider knows better; undefined = the general one. */
  readonly cure: (reason: string, words: string) => string | undefined;
}

/** See `examine` of the settings; must not reject. */
export type Examine = (
  body: Readonly<Record<string, unknown>>,
  endpoint: string,
) => TokenRequestError | undefined | Promise<TokenRequestError | undefined>;

/** What a form is made for. */
export interface TokenTarget {
  /** The token endpoint's own name: as configured, or as the metadata says; a certificate's alias does not change it. */
  readonly endpoint: string;
  /** As configured. */
  readonly issuer: string | undefined;
  /** The time for assertions, epoch milliseconds: corrected where the endpoint's clock is known to differ. */
  readonly nowMs: number;
}

/** One token request. */
export interface TokenForm {
  /** Form parameters, encoded. */
  readonly form: string;
  /** Where they go; in the query the body is empty. */
  readonly sentIn: 'body' | 'query';
  readonly authorization: string | undefined;
  /** Texts made of a secret for this request (an assertion) that an answer may echo. */
  readonly secrets: readonly string[];
  /** It contains the time: a refusal may be about the clock. */
  readonly timed: boolean;
  /** The likely reason if it is refused. */
  readonly suspicion?: Suspicion | undefined;
}

/** What the endpoint works with besides its settings. */
export interface TokenEndpointContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly wantsJwt: boolean;
  readonly secrets: SecretReader;
}

/** Posts forms to one token endpoint. */
export interface TokenEndpoint {
  /**
   * Asks for a token.
   * @param make the form; called a second time for a corrected time when the first one was refused and the clocks differ.
   * @throws TokenRequestError on every failure.
   */
  readonly request: (
    make: (target: TokenTarget) => TokenForm | Promise<TokenForm>,
    signal: AbortSignal,
  ) => Promise<AccessToken>;
  /** Asks the issuer over the same connections. */
  readonly issuer: IssuerContact;
  /** Ends its connections; a request after that opens new ones. */
  readonly close: () => Promise<void>;
}

/** The largest answer that is read, in bytes, compressed or not (wire facts 4: golang/oauth2 reads as much). */
const bodyLimit = 1_048_576;

/** Answers after which the metadata may be out of date: the address is wrong or nobody is there. */
const misled = new Set(['http_404', 'http_405', 'http_410', 'unreachable', 'unexpected_redirect']);

/** Makes the client of a token endpoint; connections are made with the first request. */
export function createTokenEndpoint(settings: TokenEndpointSettings, context: TokenEndpointContext): TokenEndpoint {
  const { clock, log } = context;
  const { timeout, tls, headers, defaultLifetime, maxLifetime } = settings.options;
  const connections = createConnections(settings.options, context.secrets);
  const issuer = issuerOf(settings, connections, context);
  const skew = new ClockSkew(log, 'Until then assertions and token lifetimes are corrected by that difference.');

  async function locate(signal: AbortSignal): Promise<Location> {
    const { tokenEndpoint } = settings;
    if (tokenEndpoint !== undefined) return { url: tokenEndpoint, endpoint: tokenEndpoint };
    if (issuer === undefined) throw nowhere();
    const metadata = await issuer.metadata(signal);
    const alias = tls.cert === undefined ? undefined : metadata.mtlsTokenEndpoint;
    return { url: alias ?? metadata.tokenEndpoint, endpoint: metadata.tokenEndpoint };
  }

  async function post(url: string, form: TokenForm, signal: AbortSignal): Promise<Posted> {
    // Basic credentials are no spelling of the secret, because the client id stands before it.
    rememberSecret(form.authorization?.slice('Basic '.length) ?? '');
    const line = await connections.get();
    const requestedAtMs = clock.nowMs();
    const answer = await exchange(
      {
        asked: { method: 'POST', url: withoutQuery(url), option: issuer === undefined ? 'tokenEndpoint' : 'issuer' },
        url: target(url, form),
        headers: requestHeaders(headers, form.authorization),
        body: form.sentIn === 'body' ? form.form : '',
        line,
        timeoutMs: timeout,
        bodyLimit,
      },
      signal,
    );
    const nowMs = clock.nowMs();
    // An answer out of a cache says how late it was when it was made.
    const date = header(answer, 'age') === undefined ? header(answer, 'date') : undefined;
    skew.observe(new URL(url).origin, date, requestedAtMs, nowMs);
    const question = {
      endpoint: withoutQuery(url),
      defaultLifetimeMs: defaultLifetime,
      maxLifetimeMs: maxLifetime,
      cure: settings.cure,
      ...(settings.tokenField === undefined ? {} : { tokenField: settings.tokenField }),
      requestedAtMs,
      skewMs: skew.correctionMs,
      suspicion: form.suspicion,
      redact: (text: string) => redact(without(form.secrets, text)),
    };
    const result = parseTokenAnswer(answer, question, nowMs);
    const body = answer.status >= 200 && answer.status < 300 ? jsonObject(answer.text) : undefined;
    const objection = body && (await settings.examine?.(body, question.endpoint));
    return { answer, result: objection ?? result };
  }

  async function attempts(
    make: (target: TokenTarget) => TokenForm | Promise<TokenForm>,
    { url, endpoint }: Location,
    signal: AbortSignal,
  ): Promise<TokenResult> {
    for (let attempt = 1; ; attempt++) {
      const correctionMs = skew.correctionMs;
      const form = await make({ endpoint, issuer: settings.issuer, nowMs: clock.nowMs() + correctionMs });
      const { answer, result } = await post(url, form, signal);
      if (!(result instanceof TokenRequestError)) return result;
      const mistimed = Math.abs(skew.correctionMs - correctionMs) > noticeableSkewMs;
      const refused = answer.status >= 400 && answer.status < 500 && result.failure.kind === 'permanent';
      if (attempt === 1 && form.timed && refused && mistimed) continue;
      throw result;
    }
  }

  return {
    async request(make, signal) {
      const location = await locate(signal);
      try {
        const { token, clockAhead } = await attempts(make, location, signal);
        const endpoint = withoutQuery(location.url);
        if (clockAhead) {
          log.warn(
            { event: 'token_clock_ahead', endpoint },
            `The new token of ${endpoint} is already expired by this machine's clock, which is probably ahead; set the clock.`,
          );
        }
        warnUnlessJwt(token.value, context.wantsJwt, endpoint, log);
        return token;
      } catch (error) {
        if (error instanceof TokenRequestError && misled.has(error.failure.reason)) issuer?.forget();
        throw error;
      }
    },
    issuer: createIssuerContact(
      { ...settings.options, issuer: settings.issuer, tokenEndpoint: settings.tokenEndpoint },
      { connect: connections.get, clock, log },
    ),
    close: async () => connections.close(),
  };
}

interface Location {
  readonly url: string;
  readonly endpoint: string;
}

interface Posted {
  readonly answer: TokenAnswer;
  readonly result: TokenResult | TokenRequestError;
}

function issuerOf(
  { tokenEndpoint, issuer, options }: TokenEndpointSettings,
  connections: Connections,
  context: TokenEndpointContext,
): Issuer | undefined {
  if (tokenEndpoint !== undefined || issuer === undefined) return undefined;
  const { insecureHttp, timeout } = options;
  return createIssuer({ issuer, insecureHttp, timeoutMs: timeout, connect: connections.get }, context);
}

function nowhere(): TokenRequestError {
  return new TokenRequestError('The credential has neither a token endpoint nor an issuer.', {
    kind: 'permanent',
    reason: 'no_token_endpoint',
    action: "Set the credential's tokenEndpoint or issuer.",
  });
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function target(url: string, form: TokenForm): string {
  if (form.sentIn === 'body') return url;
  return `${url}${url.includes('?') ? '&' : '?'}${form.form}`;
}

function requestHeaders(
  extra: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Record<string, string> {
  const lower = Object.entries(extra).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    accept: 'application/json',
    // Some firewalls refuse requests without one.
    'user-agent': 'bearerd',
    ...Object.fromEntries(lower),
    'content-type': 'application/x-www-form-urlencoded',
    ...(authorization === undefined ? {} : { authorization }),
  };
}

function without(secrets: readonly string[], text: string): string {
  return secrets.reduce((rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '‹credential›')), text);
}
