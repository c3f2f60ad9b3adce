import t from 'tap';
import { formatProblem, type Origin, type ParseContext, textInput } from '../../src/config/input.ts';
import { egressProxy } from '../../src/config/option/egress-proxy.ts';
import { redact } from '../../src/config/secret.ts';
import { invalid } from '../../src/config/shape.ts';

const option = egressProxy('the upstream');
const variable: Origin = { kind: 'environment', name: 'BEARERD_EGRESS_PROXY' };

function parse(text: string | undefined, env: ParseContext['env'] = {}, origin: Origin = variable) {
  const context: ParseContext = { env, cwd: '/', problems: [] };
  const value =
    text === undefined
      ? option.absent(origin, 'egressProxy', context)
      : option.parse(textInput(text, origin), 'egressProxy', context);
  return { value: value === invalid ? undefined : value, problems: context.problems.map(formatProblem) };
}

t.test('a URL is the proxy for everything, whatever the environment says', async (t) => {
  const { value } = parse('http://proxy.test:3128', { NO_PROXY: '*', HTTPS_PROXY: 'http://other.test' });
  t.match(value, { http: { url: 'http://proxy.test:3128' }, https: { url: 'http://proxy.test:3128' }, except: '' });
  t.equal(value?.https?.credentials, undefined);
  t.match(parse('HTTPS://Proxy.test/').value, { https: { url: 'https://proxy.test' } });
});

t.test('user name and password are a secret in every spelling', async (t) => {
  const { value } = parse('http://me:p%40ss%20word@proxy.test:3128');
  t.equal(value?.https?.url, 'http://proxy.test:3128');
  t.equal(await value?.https?.credentials?.read(), 'me:p@ss word');
  t.equal(redact('p@ss word p%40ss%20word'), '‹secret› ‹secret›');
  t.equal(redact(Buffer.from('me:p@ss word').toString('base64')), '‹secret›');
  t.equal(redact('http://me:p%40ss%20word@proxy.test'), 'http://‹secret›@proxy.test');
  t.equal(await parse('http://a-key-alone@proxy.test').value?.http?.credentials?.read(), 'a-key-alone:');
  t.equal(redact('a-key-alone'), '‹secret›');
  t.equal(await parse('http://me:100%25%zz@proxy.test').value?.http?.credentials?.read(), 'me:100%25%zz');
  t.equal(JSON.stringify(value).includes('word'), false);
});

t.test('env, which is the default: HTTPS_PROXY, HTTP_PROXY and NO_PROXY, the small letters first', async (t) => {
  t.equal(parse(undefined).value, undefined);
  t.equal(parse('env', { NO_PROXY: 'x', HTTPS_PROXY: '' }).value, undefined);
  t.equal(parse('none', { HTTPS_PROXY: 'http://proxy.test' }).value, undefined);
  for (const text of ['env', undefined]) {
    t.match(parse(text, { HTTPS_PROXY: 'http://a.test', NO_PROXY: '.b.test' }).value, {
      http: undefined,
      https: { url: 'http://a.test' },
      except: '.b.test',
    });
  }
  const small = { https_proxy: 'http://small.test', HTTPS_PROXY: 'http://capital.test', http_proxy: 'plain.test:3128' };
  t.match(parse(undefined, { ...small, no_proxy: 'c.test', NO_PROXY: 'd.test' }).value, {
    https: { url: 'http://small.test' },
    http: { url: 'http://plain.test:3128' },
    except: 'c.test',
  });
});

t.test('a variable of no use does not stop what needs no proxy; it is an error when it is used', async (t) => {
  for (const text of ['socks5://me:pass-of-socks@proxy.test:1080', 'http://[', '://']) {
    const { value, problems } = parse(undefined, { HTTPS_PROXY: text });
    t.same(problems, []);
    t.match(value?.https?.unusable, /none that bearerd can use|no URL that can be read/, text);
    t.notMatch(value?.https?.url, 'pass-of-socks');
  }
});

t.test('everything else is a mistake, and is not shown', async (t) => {
  for (const text of [
    'proxy.test:3128',
    'socks5://me:pass-of-mine@x',
    'http://',
    'direct',
    'me:pass-of-mine@proxy.test',
  ]) {
    const { value, problems } = parse(text);
    t.equal(value, undefined);
    t.match(problems, [/^BEARERD_EGRESS_PROXY: egressProxy: is not env, none or the URL of a proxy; write env/], text);
    t.notMatch(problems.join(), 'pass-of-mine');
  }
  const flag: Origin = { kind: 'flag', name: '--egress-proxy' };
  t.match(parse('http://me:pass-of-mine@proxy.test', {}, flag).problems, [/every user of this machine could read/]);
  t.same(parse('http://proxy.test', {}, flag).problems, []);
});
