import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../../src/config/config.ts';
import { startProxy, type TestProxy } from '../../support/proxy.ts';
import { startUpstream } from '../../support/upstream.ts';

/** What the pages of the tests call. */
const helpers = `
  const all = (element, attributes = {}) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const add = (name, attributes) => {
    const element = all(document.createElement(name), attributes);
    document.body.append(element);
    return element;
  };
  const frame = (attributes) => add('iframe', attributes);
  const submit = (attributes) => {
    const { name } = Object.assign(frame(), { name: 'frame' + Math.random() });
    const form = add('form', { ...attributes, target: name });
    form.append(all(document.createElement('input'), { name: 'a', value: 'b' }));
    form.submit();
  };
  const blob = (text) => URL.createObjectURL(new Blob([text], { type: 'text/javascript' }));`;

/** A server of somebody else: pages that mean harm, redirects and a policy whose reports go elsewhere. */
export async function startPageServer(): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    const [path, target = ''] = (request.url ?? '').split(/\?(.*)/s);
    request.resume();
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (path === '/redirect') response.writeHead(307, { Location: target }).end();
    else if (path === '/reporting') {
      response.setHeader('Content-Security-Policy', `img-src 'none'; report-uri ${target}`);
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<img src="/x">');
    } else if (path === '/') {
      response.setHeader('Content-Type', 'text/html');
      response.end(`<!doctype html><title>free games</title><body><script>${helpers}</script>`);
    } else response.writeHead(404).end();
  });
  return { port: await listen(server), close: () => close(server) };
}

/** A proxy before an upstream of its own that answers whatever a page could hope for. */
export interface GuardedStage {
  readonly proxy: TestProxy;
  /** Paths that the upstream saw, those of WebSockets included. */
  readonly arrived: string[];
  readonly close: () => Promise<void>;
}

export async function startGuarded(guard: Partial<Config['guard']>): Promise<GuardedStage> {
  const arrived: string[] = [];
  const arrives = (url: string) => arrived.push(url.replace(/\?.*/, ''));
  const upstream = await startUpstream(({ url }, response) => {
    arrives(url);
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Allow-Headers', '*');
    response.end();
  });
  upstream.server.on('upgrade', ({ url = '' }, socket) => {
    arrives(url);
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  });
  const allowedHosts = ['localhost', '127.0.0.1', '[::1]'];
  const proxy = await startProxy(upstream.url, { config: { guard: { allowedHosts, allowedOrigins: [], ...guard } } });
  const stop = async () => {
    await proxy.stop();
    await upstream.close();
  };
  return { proxy, arrived, close: stop };
}

/** What stands before the proxy in place of a browser without Fetch Metadata: the same requests without Sec-Fetch-Site. */
export async function startOldBrowser(
  port: number,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const server = createServer((incoming, response) => {
    const { 'sec-fetch-site': _site, ...headers } = incoming.headers;
    const { method, url: path } = incoming;
    const onward = request({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  return { port: await listen(server), close: () => close(server) };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // listen() on a TCP port always gives an AddressInfo
  return (server.address() as AddressInfo).port;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
