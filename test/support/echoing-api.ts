import type { ServerResponse } from 'node:http';
import { startUpstream, type Upstream } from './upstream.ts';

/** What an API does with a request: the last part of the path. All echo the token that they were sent. */
export const apiAnswers: Readonly<Record<string, (response: ServerResponse, authorization: string) => void>> = {
  ok: (response) => response.end('fine'),
  data: (response, authorization) =>
    response.writeHead(200, { 'X-Echo': authorization }).end(`you sent ${authorization}`),
  reset: (response) => response.socket?.destroy(),
  garbage: (response, authorization) => response.socket?.end(`${authorization}\r\n\r\n`),
  'bad-header': (response, authorization) =>
    response.socket?.end(`HTTP/1.1 200 OK\r\nX-Echo\x01: ${authorization}\r\nX-${authorization}: 1\r\n\r\n`),
  silent: () => {},
  cut: (response, authorization) => {
    response.writeHead(200, { 'Content-Length': 1000 }).write(authorization);
    setTimeout(() => response.socket?.destroy(), 20);
  },
  html: (response, authorization) =>
    response.writeHead(401, { 'Content-Type': 'text/html' }).end(`<p>${authorization}`),
  long: (response, authorization) => response.writeHead(401).end(authorization.repeat(1000)),
  ...Object.fromEntries(
    ['expiredToken', 'invalidToken', 'malformedToken', 'unableToProcessToken', 'noSuchCode'].flatMap((code) => [
      [code, (response: ServerResponse, echo: string) => refuse(response, code, echo)],
      [`${code}-once`, (response: ServerResponse, echo: string) => refuse(response, code, echo)],
    ]),
  ),
  'code-is-token': (response, authorization) => refuse(response, authorization.slice('Bearer '.length), authorization),
  'challenge-is-token': (response, authorization) => {
    const token = authorization.slice('Bearer '.length);
    response.writeHead(401, { 'WWW-Authenticate': `Bearer error="${token}", error_description="${authorization}"` });
    response.end(authorization);
  },
  invalid_token: (response, authorization) => {
    const description = `error="invalid_token", error_description="${authorization}"`;
    response
      .writeHead(401, { 'WWW-Authenticate': `Bearer realm="${authorization}", ${description}` })
      .end(authorization);
  },
  insufficient_scope: (response, authorization) =>
    response.writeHead(401, { 'WWW-Authenticate': `Bearer error="insufficient_scope"` }).end(authorization),
};

/** An upstream's refusal with the credential in every member that somebody might print. */
function refuse(response: ServerResponse, errorCode: string, echo: string): void {
  const json = JSON.stringify({
    statusCode: 401,
    errorCode,
    titleMessage: echo,
    userMessage: echo,
    helpMessage: echo,
    errorMessage: echo,
  });
  response.writeHead(401, { 'Content-Type': 'application/json' }).end(json);
}

/** Starts an API that answers as the last part of the path says: `…-once` is refused the first time only. */
export async function startEchoingApi(): Promise<Upstream> {
  const refusedOnce = new Set<string>();
  return startUpstream(({ url, headers }, response) => {
    const kind = url.split('?')[0]?.split('/').at(-1) ?? '';
    const authorization = headers.authorization ?? '';
    const served = kind.endsWith('-once') && refusedOnce.has(url);
    refusedOnce.add(url);
    const answer = served ? undefined : apiAnswers[kind];
    if (answer === undefined) response.end('fine');
    else answer(response, authorization);
  });
}
