import type { ParseContext } from '../input.ts';
import { complain } from '../input.ts';
import { rememberSecrets, Secret } from '../secret.ts';
import { invalid, type Shape } from '../shape.ts';
import { leaf, readText } from './leaf.ts';

/** A proxy, without what is secret of its URL. */
export interface EgressProxyServer {
  /** Scheme, host and port. */
  readonly url: string;
  /** `user:password`. */
  readonly credentials: Secret | undefined;
  /** Why it cannot be used, as the end of a sentence: found in the environment, where it may be meant for others. */
  readonly unusable?: string;
}

/** The proxies on the way to one kind of peer, by the scheme of its URL. */
export interface EgressProxy {
  readonly http: EgressProxyServer | undefined;
  readonly https: EgressProxyServer | undefined;
  /** Hosts that are reached without them, as NO_PROXY lists them. */
  readonly except: string;
}

/** `env`, `none` or the URL of a proxy; undefined = no proxy. `peer` names in the reference what is reached through it. */
export function egressProxy(peer: string): Shape<EgressProxy | undefined> {
  const shape = leaf<EgressProxy | undefined>({
    type: 'env, none or URL',
    spec: {
      doc: `The proxy on the way to ${peer}: its URL (a user name and password may stand in it), none, or env = what HTTPS_PROXY, HTTP_PROXY and NO_PROXY say. Loopback is always reached directly.`,
      example: 'http://proxy.example.com:3128',
    },
    schema: { type: 'string', pattern: '^(env|none|https?://.*)$|\\$\\{', default: 'env' },
    fallback: undefined,
    defaultText: 'env',
    read(input, path, context) {
      const cure = 'write env, none, or for example http://proxy.example.com:3128';
      const text = readText(input, path, context, 'proxy URL', cure);
      if (text === invalid) return invalid;
      if (text === 'none') return undefined;
      if (text === 'env') return fromEnvironment(context.env);
      const server = /^https?:\/\//i.test(text) ? serverOf(text) : undefined;
      // The text is not shown: a password may stand in it.
      if (server === undefined || server.unusable !== undefined) {
        complain(context, input.origin, path, 'is not env, none or the URL of a proxy', cure);
        return invalid;
      }
      if (server.credentials !== undefined && input.origin.kind === 'flag') {
        const problem = 'has a password, which every user of this machine could read on the command line';
        complain(context, input.origin, path, problem, 'write it into the file, or into the variable of this name');
        return invalid;
      }
      return { http: server, https: server, except: '' };
    },
  });
  return { ...shape, absent: (_origin, _path, context: ParseContext) => fromEnvironment(context.env) };
}

/** The variables in small letters win, as everywhere; empty ones are as good as none. */
function fromEnvironment(env: ParseContext['env']): EgressProxy | undefined {
  const read = (name: string): string => env[name.toLowerCase()] || env[name] || '';
  const http = fromVariable(read('HTTP_PROXY'), 'HTTP_PROXY');
  const https = fromVariable(read('HTTPS_PROXY'), 'HTTPS_PROXY');
  if (http === undefined && https === undefined) return undefined;
  return { http, https, except: read('NO_PROXY') };
}

/** A value that makes no sense is no reason to refuse the start: perhaps nothing goes through it. */
function fromVariable(text: string, name: string): EgressProxyServer | undefined {
  if (text === '') return undefined;
  return (
    serverOf(text.includes('://') ? text : `http://${text}`) ?? {
      url: `of ${name}`,
      credentials: undefined,
      unusable: 'has no URL that can be read',
    }
  );
}

function serverOf(text: string): EgressProxyServer | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, host, username, password } = new URL(text);
  if (host === '') return undefined;
  const url = `${protocol}//${host}`;
  const credentials = credentialsOf(text, username, password);
  if (protocol === 'http:' || protocol === 'https:') return { url, credentials };
  return { url, credentials, unusable: 'is none that bearerd can use: only http and https proxies are' };
}

function credentialsOf(text: string, username: string, password: string): Secret | undefined {
  if (username === '' && password === '') return undefined;
  const [user, pass] = [decoded(username), decoded(password)];
  const written = /\/\/([^/?#]*)@/.exec(text)?.[1] ?? '';
  // a user name alone is a key; beside a password it is none
  rememberSecrets([written, password === '' ? user : pass, password === '' ? username : password]);
  return new Secret({ kind: 'value', value: `${user}:${pass}` });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
