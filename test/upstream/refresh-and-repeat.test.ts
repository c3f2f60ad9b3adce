import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import t from 'tap';
import { request } from 'undici';
import { startProxy } from '../support/proxy.ts';
import { type Seen, startUpstream, type Upstream } from '../support/upstream.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const codings = {
  identity: (text: string) => Buffer.from(text),
  gzip: (text: string) => gzipSync(text),
  br: (text: string) => brotliCompressSync(text),
  deflate: (text: string) => deflateSync(text),
  'deflate without its wrapper': (text: string) => deflateRawSync(text),
} as const;

async function statusAfterDump(answer: Awaited<ReturnType<typeof request>>): Promise<number> {
  await answer.body.dump();
  return answer.statusCode;
}

function tokenOf(seen: Seen): string {
  return seen.headers.authorization?.replace('Bearer ', '') ?? '';
}

/** An API that refuses `refused` with a code. */
function refusing(
  code: string,
  refused: (token: string) => boolean,
  coding: keyof typeof codings = 'identity',
): Promise<Upstream> {
  return startUpstream((seen, response) => {
    if (!refused(tokenOf(seen))) {
      response.end(`accepted ${tokenOf(seen)}`);
      return;
    }
    const encoding = coding.split(' ')[0] ?? '';
    const header = coding === 'identity' ? {} : { 'content-encoding': encoding };
    response.writeHead(401, { 'content-type': 'application/json', 'x-first': 'yes', ...header });
    response.end(codings[coding](JSON.stringify({ statusCode: 401, errorCode: code })));
  });
}

t.test('acceptance 4: upstream calls and token requests per code and method', async (t) => {
  for (const coding of Object.keys(codings) as (keyof typeof codings)[]) {
    for (const method of methods) {
      const cases = [
        { code: 'expiredToken', worked: false, upstream: 2, tokens: 2, status: 200 },
        { code: 'malformedToken', worked: false, upstream: 1, tokens: 1, status: 502 },
        { code: 'unableToProcessToken', worked: false, upstream: 1, tokens: 1, status: 502 },
        { code: 'invalidToken', worked: false, upstream: 1, tokens: 1, status: 502 },
        { code: 'invalidToken', worked: true, upstream: 2, tokens: 2, status: 200 },
      ];
      for (const { code, worked, upstream: calls, tokens, status } of cases) {
        let refusesFirst = !worked;
        const upstream = await refusing(code, (token) => refusesFirst && token === 'token1', coding);
        const proxy = await startProxy(upstream.url);
        if (worked) {
          await (await request(`${proxy.url}/warm`)).body.dump();
          refusesFirst = true;
          upstream.seen.length = 0;
        }
        const body = method === 'GET' ? null : 'the body';
        const answer = await request(`${proxy.url}/x?y=%zz`, { method, body });
        const text = await answer.body.text();
        const name = `${method} ${code}${worked ? ' on a token that has worked' : ''} (${coding})`;
        t.equal(answer.statusCode, status, `${name}: ${text}`);
        t.equal(upstream.seen.length, calls, `${name}: upstream calls`);
        t.equal(proxy.tokens.count, tokens, `${name}: token requests`);
        t.equal(answer.headers['x-first'], undefined, `${name}: nothing of the first answer reaches the client`);
        for (const seen of upstream.seen) t.equal(seen.body.toString(), body ?? '', `${name}: body`);
        if (status === 502) t.match(JSON.parse(text), { upstreamErrorCode: code, upstreamStatus: 401, status: 502 });
        await proxy.stop();
        await upstream.close();
      }
    }
  }
});

t.test('acceptance 4: HEAD carries no code: one refresh, then the upstream answers for 60 s', async (t) => {
  const upstream = await refusing('expiredToken', () => true);
  const proxy = await startProxy(upstream.url);
  const first = await request(proxy.url, { method: 'HEAD' });
  t.equal(first.statusCode, 401);
  t.equal(upstream.seen.length, 2);
  t.equal(proxy.tokens.count, 2);
  const second = await request(proxy.url, { method: 'HEAD' });
  t.equal(second.statusCode, 401);
  t.equal(upstream.seen.length, 3);
  t.equal(proxy.tokens.count, 2);
  await proxy.stop();
  await upstream.close();
});

t.test('acceptance 3: 500 cold parallel requests cost one token request', async (t) => {
  const upstream = await startUpstream();
  const proxy = await startProxy(upstream.url);
  const answers = await Promise.all(Array.from({ length: 500 }, () => request(proxy.url).then(statusAfterDump)));
  t.same(new Set(answers), new Set([200]));
  t.equal(proxy.tokens.count, 1);
  await proxy.stop();
  await upstream.close();
});

t.test('acceptance 3: 200 requests in flight when the token is revoked cost one token request', async (t) => {
  const waiting: (() => void)[] = [];
  let revoked = false;
  const upstream = await startUpstream((seen, response) => {
    const answer = () => {
      if (revoked && tokenOf(seen) === 'token1') response.writeHead(401).end('{"errorCode":"expiredToken"}');
      else response.end('fine');
    };
    if (revoked || seen.url === '/warm') answer();
    else waiting.push(answer);
  });
  const proxy = await startProxy(upstream.url);
  await (await request(`${proxy.url}/warm`)).body.dump();
  const answers = Array.from({ length: 200 }, () => request(proxy.url).then(statusAfterDump));
  while (waiting.length < 200) await new Promise((resolve) => setImmediate(resolve));
  revoked = true;
  for (const answer of waiting) answer();
  t.same(new Set(await Promise.all(answers)), new Set([200]));
  t.equal(proxy.tokens.count, 2);
  t.equal(proxy.tokens.mostInFlight, 1);
  await proxy.stop();
  await upstream.close();
});
