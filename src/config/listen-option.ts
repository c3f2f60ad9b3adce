import type { ListenAddress, ListenTls } from './config.ts';
import { complain, type Input, mapInput, type ParseContext } from './input.ts';
import { describeAddress, parseListenAddress } from './listen-address.ts';
import { pemOrPath } from './option/certificate.ts';
import { object, originOf } from './option/group.ts';
import { list } from './option/list.ts';
import { parsed } from './option/parsed.ts';
import { secret } from './option/secret.ts';
import type { Secret } from './secret.ts';
import { type Invalid, invalid, type Shape } from './shape.ts';

const address = parsed({
  doc: '`host:port`, a port on 127.0.0.1 (0 = any free one, printed at start), `unix:/path.sock` (mode 0600), or `fd:3` (a socket that systemd or another parent has opened).',
  type: 'address',
  required: true,
  example: '127.0.0.1:8080',
  read: parseListenAddress,
});

const keyOrSource = secret({
  doc: 'The private key of the certificate in PEM, without a password; text is the path of its file.',
  required: true,
  example: '{ file: ./server.key }',
});

/** A key is never one line of text, so that such a text is the path of its file, as beside it in `cert`. */
const key: Shape<Secret> = {
  ...keyOrSource,
  parse(input, path, context) {
    const isPath = input.kind === 'scalar' && typeof input.value === 'string' && !input.value.includes('-----BEGIN ');
    return keyOrSource.parse(isPath ? mapInput({ file: input }, input.origin) : input, path, context);
  },
};

const secured = object(
  {
    cert: pemOrPath({
      doc: 'The certificate of the listener with its chain: PEM text, or the path of a file.',
      required: true,
      example: './server.pem',
    }),
    key,
    clientCa: list(pemOrPath({ doc: 'A certificate authority.', required: true }), {
      doc: 'Authorities of which every caller must have a certificate: paths, or PEM text. Without it callers need none.',
      example: './callers-ca.pem',
      check: (value) =>
        value.length > 0 ? undefined : { problem: 'is empty', cure: 'write ./callers-ca.pem, or remove the key' },
    }),
  },
  {
    doc: 'TLS 1.2 or newer towards the callers.',
    check: ({ cert, key }, report) => {
      if (key.isKeyOf(cert) !== false) return;
      report(
        'key',
        'is not the private key of cert',
        'write the key that the certificate was made for, in PEM, without a password',
      );
    },
  },
);

const tls: Shape<ListenTls | undefined> = { ...secured, required: false, absent: () => undefined };

const group = object({ address, tls }, { doc: 'An address, and the certificate that is shown there.' });

/** An address to listen on: text, or `{ address, tls }`. */
export const listenAddress: Shape<ListenAddress> = {
  ...address,
  parse(input, path, context) {
    const value = read(input, path, context);
    if (value === invalid) return invalid;
    const missing = missingDescriptor(value, context);
    if (missing === undefined) return value;
    complain(context, input.kind === 'map' ? originOf(input, 'address') : input.origin, path, ...missing);
    return invalid;
  },
  jsonSchema: () => ({ anyOf: [address.jsonSchema(), group.jsonSchema()] }),
};

function read(input: Input, path: string, context: ParseContext): ListenAddress | Invalid {
  if (input.kind !== 'map') return address.parse(input, path, context);
  const value = group.parse(input, path, context);
  if (value === invalid || value.tls === undefined) return value === invalid ? invalid : value.address;
  return { ...value.address, tls: value.tls };
}

/** What is wrong where systemd says how many sockets it has passed, and this is none of them (sd_listen_fds(3)). */
function missingDescriptor(where: ListenAddress, { env }: ParseContext): [problem: string, cure: string] | undefined {
  const count = Number(env['LISTEN_FDS'] ?? 'unknown');
  if (where.kind !== 'fd' || !Number.isInteger(count) || where.fd < 3 + count) return undefined;
  const passed = count === 0 ? 'none' : count === 1 ? 'fd:3 only' : `fd:3 to fd:${2 + count}`;
  return [
    `${describeAddress(where)} is not there: LISTEN_FDS=${count} means ${passed}`,
    'add a ListenStream= to the .socket unit, or write another address',
  ];
}
