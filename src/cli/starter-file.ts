import { stringify } from 'yaml';

/** Where a secret of the starter file is. */
export type StarterSecret =
  | {
      readonly kind: 'file' /** As it is written, relative to the folder of the configuration. */;
      readonly path: string;
    }
  | { readonly kind: 'value'; readonly value: string };

/** What a starter file is made of. */
export interface StarterFacts {
  /** Name of the file, for the lines to copy. */
  readonly file: string;
  readonly preset: 'collibra' | 'collaborate' | 'none';
  readonly upstream: string;
  /** Client id, or REST key. */
  readonly id: string;
  /** undefined = Collaborate's own: the upstream + /token. */
  readonly tokenEndpoint: string | undefined;
  readonly secret: StarterSecret;
}

const meanings: Readonly<Record<StarterFacts['preset'], string>> = {
  collibra: 'knows the four 401 codes, long exports and the session cookie',
  collaborate: 'any 401 means: one new token, one repeat',
  none: '401 answers by RFC 6750',
};

/** A commented configuration for one route and one credential. */
export function starterFile({ file, preset, upstream, id, tokenEndpoint, secret }: StarterFacts): string {
  const secretText = secret.kind === 'file' ? `{ file: ${scalar(secret.path)} }` : scalar(secret.value);
  const secretNote =
    secret.kind === 'file'
      ? 'read again for each token request'
      : 'better in a file of its own: { file: ./secret }, and this file can be shared';
  const credential =
    preset === 'collaborate'
      ? [
          ['provider: collaborate', 'signs an assertion with key and secret, and changes it for a token'],
          [`key: ${scalar(id)}`, 'the REST key that was issued for your institution'],
          [`secret: ${secretText}`, secretNote],
          ...(tokenEndpoint === undefined ? [] : [[`tokenEndpoint: ${scalar(tokenEndpoint)}`, '']]),
        ]
      : [
          ['provider: client-credentials', ''],
          [`tokenEndpoint: ${scalar(tokenEndpoint ?? '')}`, 'of your identity provider'],
          [`clientId: ${scalar(id)}`, ''],
          [`clientSecret: ${secretText}`, secretNote],
        ];
  const top = [
    ['listen: 127.0.0.1:8080', 'only programs on this machine can call'],
    ['admin: 127.0.0.1:8081', 'health and metrics; "off" switches it off'],
  ];
  const route = [
    [`upstream: ${scalar(upstream)}`, 'the API; a path is kept'],
    [`preset: ${preset}`, meanings[preset]],
  ];
  const hints =
    preset === 'collaborate'
      ? []
      : [
          '  # Many identity providers want to know which API the token is for:',
          '  # scope: api://APP-ID/.default',
          '  # audience: https://api.example.com',
        ];
  return [
    '# bearerd: what is sent to http://127.0.0.1:8080 goes to the API below, with a bearer token on it.',
    '#',
    `#   bearerd check --config ${file} --online   # tries the token and the API`,
    `#   bearerd run --config ${file}`,
    '#',
    '# Every key, variable and flag: docs/configuration.md, or bearerd run --help.',
    '',
    ...top.map(commented('')),
    '',
    ...route.map(commented('')),
    '',
    'credential:',
    ...credential.map(commented('  ')),
    ...hints,
    '',
  ].join('\n');
}

function scalar(text: string): string {
  // this is how a literal ${ is written in a configuration; a function, because $$ has a meaning in a replacement
  const literal = text.replaceAll('${', () => '$${');
  const quoted = /[\n,[\]{}]/.test(text) ? { defaultStringType: 'QUOTE_DOUBLE' as const } : {};
  return stringify(literal, { lineWidth: 0, ...quoted }).trim();
}

function commented(indent: string): (line: readonly string[]) => string {
  return ([text = '', comment = '']) => {
    const line = `${indent}${text}`;
    return comment === '' ? line : `${line.padEnd(40)} # ${comment}`;
  };
}
