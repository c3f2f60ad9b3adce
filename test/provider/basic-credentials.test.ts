import t from 'tap';
import { clientCredentials } from '../../src/provider/client-credentials.ts';
import { goodToken, make, obtain, refused, startEndpoint } from './support.ts';

const clientId = 'my-app';
const secret = 'p%41ss+word ~-._ & more, 32 bytes';

/** An identity provider that decodes the halves of Basic credentials (RFC 6749 §2.3.1), or takes them as they are. */
function startIdp(t: Parameters<typeof startEndpoint>[0], decodes: boolean): ReturnType<typeof startEndpoint> {
  const starting = startEndpoint(t, async (response, request) => {
    const form = new URLSearchParams((await starting).last().body);
    const basic = Buffer.from(request.headers.authorization?.slice('Basic '.length) ?? '', 'base64').toString('utf8');
    const colon = basic.indexOf(':');
    const halves = [basic.slice(0, colon), basic.slice(colon + 1)];
    const read = (half: string) => (decodes ? decodeURIComponent(half.replaceAll('+', ' ')) : half);
    const given = form.has('client_secret') ? [form.get('client_id'), form.get('client_secret')] : halves.map(read);
    if (given[0] === clientId && given[1] === secret) goodToken(response);
    else response.writeHead(401).end('{"error":"invalid_client"}');
  });
  return starting;
}

const settings = [
  { clientAuthentication: 'client_secret_post', works: [true, true] },
  { basicEncoding: 'form', works: [true, false] },
  { basicEncoding: 'raw', works: [false, true] },
];
for (const decodes of [true, false]) {
  for (const { works, ...options } of settings) {
    t.test(
      `acceptance 1: ${JSON.stringify(options)} where the IdP ${decodes ? 'decodes' : 'takes it raw'}`,
      async (t) => {
        const { url } = await startIdp(t, decodes);
        const provider = make(clientCredentials, { tokenEndpoint: url, clientId, clientSecret: secret, ...options });
        if (works[decodes ? 0 : 1]) t.equal((await obtain(provider)).value, 'tok-1');
        else {
          const error = await refused(provider);
          t.match(error.occurrence.action, decodes ? /basicEncoding: form/ : /basicEncoding: raw/, 'the cure is named');
        }
      },
    );
  }
}
