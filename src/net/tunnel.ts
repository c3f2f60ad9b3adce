import { type ClientRequest, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import { BearerdError, type ErrorCode } from '../errors.ts';
import { finalAnswer, isInformational } from './connect-answer.ts';
import type { ProxyServer } from './egress-proxy.ts';
import { longestDelayMs } from './late-timer.ts';
import { lookup } from './shared-lookup.ts';

/** How a tunnel is opened. */
export interface TunnelSettings {
  /** Host and port of the server at its end. */
  readonly authority: string;
  /** Milliseconds until the proxy has said yes. */
  readonly timeoutMs: number;
  /** Authorities besides the well-known ones, for a proxy with an https URL; its certificate is always verified. */
  readonly ca: readonly string[] | undefined;
}

/**
 * Asks a proxy for a tunnel to a server (RFC 9110 §9.3.6).
 * @returns the connection, on which nothing has been sent yet.
 * @throws BearerdError BEARERD_EGRESS_PROXY_… naming the proxy, never its password.
 */
export async function openTunnel(proxy: ProxyServer, settings: TunnelSettings): Promise<Socket> {
  const { authority } = settings;
  if (proxy.unusable !== undefined) {
    throw failure('REFUSED', `${proxy.url} ${proxy.unusable}, so ${authority} cannot be reached`);
  }
  const credentials = await proxy.credentials?.read();
  const socket = await connectThrough(proxy, credentials, settings);
  // Whoever takes it over has listeners of its own; a reset between two owners must not end the process.
  socket.on('error', () => {});
  return socket.setNoDelay(true).setKeepAlive(true, 60_000);
}

function connectThrough(
  { url }: ProxyServer,
  credentials: string | undefined,
  { authority, timeoutMs, ca }: TunnelSettings,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = request(url, ca, {
      method: 'CONNECT',
      path: authority,
      headers: {
        Host: authority,
        ...(credentials === undefined
          ? {}
          : { 'Proxy-Authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }),
      },
    });
    let opened: Socket | undefined;
    const fail = (error: BearerdError): void => {
      clearTimeout(timer);
      reject(error);
      asked.destroy();
      opened?.destroy();
    };
    const unreachable = (cause: Error): void => fail(failure('UNREACHABLE', `${url} ${inWords(cause)}`, cause));
    const timer = setTimeout(
      () => fail(failure('TIMEOUT', `${url} opened no connection to ${authority} within ${timeoutMs / 1000} s`)),
      Math.min(timeoutMs, longestDelayMs),
    );
    const judge = (status: number, socket: Socket, rest: Buffer): void => {
      if (status < 200 || status > 299) fail(refusal(url, authority, status));
      else if (rest.length > 0) {
        fail(failure('UNREACHABLE', `${url} sent bytes of its own into the connection to ${authority}`));
      } else {
        clearTimeout(timer);
        resolve(socket);
      }
    };
    asked.on('error', unreachable);
    asked.on('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      opened = socket.on('error', () => {});
      if (!isInformational(statusCode)) judge(statusCode, socket, head);
      else finalAnswer(socket, head).then(({ status, rest }) => judge(status, socket, rest), unreachable);
    });
    asked.end();
  });
}

function request(url: string, ca: readonly string[] | undefined, options: RequestOptions): ClientRequest {
  // never the agent of the process: what it keeps is no tunnel
  const own = { ...options, agent: false, lookup };
  if (url.startsWith('http:')) return requestHttp(url, own);
  const trust = ca === undefined ? {} : { ca: [...rootCertificates, ...ca] };
  return requestHttps(url, { ...own, ...trust, rejectUnauthorized: true });
}

function refusal(url: string, authority: string, status: number): BearerdError {
  const answered = `${url} answered ${status} to the wish for a connection to ${authority}`;
  if (status === 407) return failure('REFUSED', `${answered}: it wants another user name and password, or any at all`);
  // what may pass by itself (RFC 9110 §15), above all a server that the proxy cannot reach at the moment
  const transient = status >= 500 || status === 408 || status === 425 || status === 429;
  return failure(transient ? 'UNREACHABLE' : 'REFUSED', answered);
}

function failure(kind: 'REFUSED' | 'UNREACHABLE' | 'TIMEOUT', happened: string, cause?: Error): BearerdError {
  const code: ErrorCode = `BEARERD_EGRESS_PROXY_${kind}`;
  return new BearerdError(code, `The egress proxy ${happened}.`, cause === undefined ? {} : { cause });
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ENOTFOUND: 'has a host name that cannot be resolved',
  EAI_AGAIN: 'has a host name that cannot be resolved',
  ECONNRESET: 'closed the connection before it answered',
  EPIPE: 'closed the connection before it answered',
};

function inWords(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code.startsWith('HPE_')) return 'answered with something that is not HTTP';
  return words[code] ?? `could not be used${code === '' ? '' : ` (${code})`}`;
}
