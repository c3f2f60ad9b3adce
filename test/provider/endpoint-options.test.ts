import t from 'tap';
import { lintPlainHttp } from '../../src/provider/endpoint-options.ts';

const urls: readonly (readonly [string, boolean])[] = [
  ['https://idp.example.com/token', true],
  ['http://localhost:1/token', true],
  ['http://127.0.0.1/token', true],
  ['http://127.255.0.9/token', true],
  ['http://[::1]/token', true],
  ['http://idp.localhost/token', true],
  ['http://10.127.0.1/token', false],
  ['http://192.168.0.1/token', false],
  ['http://127.example.com/token', false],
  ['http://localhost.example.com/token', false],
  ['http://[::2]/token', false],
  ['http://0.0.0.0/token', false],
];
for (const [url, fine] of urls) {
  t.test(`interface 3: ${url} is ${fine ? 'fine' : 'plain http beyond loopback'}`, async (t) => {
    t.equal(lintPlainHttp(url, false).length, fine ? 0 : 1);
    t.same(lintPlainHttp(url, true), [], 'it can be asked for');
  });
}

t.test('what is no URL is reported where it is parsed', async (t) => {
  t.same(lintPlainHttp('idp', false), []);
});
