import t from 'tap';
import {
  clientIdOnly,
  clientSecretBasic,
  clientSecretPost,
  formEncode,
} from '../../src/provider/client-authentication.ts';
import { vectors } from './vectors.ts';

function halves(authorization: string | undefined): [string, string] {
  const text = Buffer.from((authorization ?? '').slice('Basic '.length), 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}

const formDecode = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

for (const { id, title, given, expect } of vectors.token_requests.filter(
  ({ kind }) => kind === 'client_secret_basic',
)) {
  t.test(`${id}: ${title}`, async (t) => {
    const { client_id = '', client_secret = '' } = given;
    const { authorization, parameters } = clientSecretBasic(client_id, client_secret, 'form');
    t.ok(expect.acceptable_header_values?.includes(authorization ?? ''), `${authorization}`);
    t.not(authorization, expect.must_not_equal);
    t.same(halves(authorization), [expect.decoded_username, expect.decoded_password]);
    t.same(halves(authorization).map(formDecode), [client_id, client_secret]);
    t.same(parameters, []);
  });
}

t.test('stack traps: -._~ and * are never escaped, everything else reserved is', async (t) => {
  t.equal(formEncode('aZ09-._~*'), 'aZ09-._~*');
  t.equal(formEncode('%7E'), '%257E');
  t.equal(formEncode('% + : ü é&="\''), '%25+%2B+%3A+%C3%BC+%C3%A9%26%3D%22%27');
});

t.test('basicEncoding raw: UTF-8 as it is', async (t) => {
  t.same(halves(clientSecretBasic('id', 'p:% ü~', 'raw').authorization), ['id', 'p:% ü~']);
});

t.test('client_secret_post and none send no Authorization', async (t) => {
  t.match(clientSecretPost('i', 's'), {
    authorization: undefined,
    parameters: [
      ['client_id', 'i'],
      ['client_secret', 's'],
    ],
  });
  t.match(clientIdOnly('i'), { authorization: undefined, parameters: [['client_id', 'i']] });
});
