import { readFileSync } from 'node:fs';
import t from 'tap';
import { startProxy } from '../support/proxy.ts';
import { rawRequest } from '../support/raw-http.ts';
import { startUpstream } from '../support/upstream.ts';

interface GateVector {
  readonly id: string;
  readonly title: string;
  readonly given: {
    readonly listener: string;
    readonly allowed_hosts: string | readonly string[];
    readonly allowed_origins: readonly string[];
    readonly method: string;
    readonly request_target: string;
    readonly headers: readonly (readonly [string, string])[];
  };
  readonly expect: {
    readonly forwarded: boolean;
    readonly recommended_status?: number;
    readonly upstream_request_target?: string;
    readonly response_headers_absent?: readonly string[];
  };
}

// JSON.parse gives no types; the shape is the one of the vectors' field notes.
const { request_gate: vectors } = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8')) as {
  request_gate: readonly GateVector[];
};

t.ok(vectors.length >= 18, 'the vectors are there');

for (const { id, title, given, expect } of vectors) {
  t.test(`${id}: ${title}, through the whole proxy`, async (t) => {
    const upstream = await startUpstream();
    const allowedHosts =
      typeof given.allowed_hosts === 'string' ? ['localhost', '127.0.0.1', '[::1]'] : given.allowed_hosts;
    const proxy = await startProxy(upstream.url, {
      config: { guard: { allowedHosts, allowedOrigins: given.allowed_origins } },
    });
    const fields = given.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const head = `${given.method} ${given.request_target} HTTP/1.1\r\n${fields}Connection: close\r\n\r\n`;
    const answer = await rawRequest(proxy.port, head);
    if (expect.forwarded) {
      t.equal(answer.status, 200, answer.body);
      t.equal(upstream.seen.length, 1);
      t.equal(upstream.seen[0]?.url, expect.upstream_request_target ?? given.request_target);
      t.equal(upstream.seen[0]?.headers.authorization, 'Bearer token1');
    } else {
      t.equal(answer.status, expect.recommended_status, answer.body);
      t.equal(upstream.seen.length, 0, 'no upstream call');
      t.equal(proxy.tokens.count, 0, 'no token request');
      const error = answer.status === 403 || answer.status === 421 ? 'http_request_denied' : 'http_request_error';
      t.match(answer.head, new RegExp(`\r\nProxy-Status: bearerd; error=${error};`));
      t.match(JSON.parse(answer.body), { status: answer.status, code: /^BEARERD_/, action: /./, requestId: /./ });
      for (const name of expect.response_headers_absent ?? []) t.notMatch(answer.head.toLowerCase(), `\r\n${name}:`);
      await proxy.stop();
      t.match(
        proxy.output.records().filter(({ event }) => event === 'request'),
        [{ method: given.method, status: answer.status, error: /^BEARERD_/, requestId: /./, attempts: 0 }],
        'one access-log line',
      );
    }
    await proxy.stop();
    await upstream.close();
  });
}
