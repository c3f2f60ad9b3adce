import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { complain, dependsOn } from '../input.ts';
import { Secret } from '../secret.ts';
import { invalid, type Shape, type Spec } from '../shape.ts';
import { lastKey, leaf, type Present, present, readText } from './leaf.ts';

/** PEM certificates, or the path of a file with them; the value is the PEM text. For a list: `list(pemOrPath(…), …)`. */
export function pemOrPath<const S extends Spec<string>>(spec: S): Shape<Present<string, S>> {
  return present(certificates<string>(spec, ({ pem }) => pem));
}

/** As pemOrPath, but the value can be read again, because a client certificate is renewed while bearerd runs. */
export function certificate<const S extends Spec<Secret>>(spec: S): Shape<Present<Secret, S>> {
  return present(
    certificates<Secret>(spec, ({ pem, file }) =>
      file === undefined ? new Secret({ kind: 'value', value: pem }) : new Secret({ kind: 'file', path: file }),
    ),
  );
}

function certificates<T>(
  spec: Spec<T>,
  value: (found: { readonly pem: string; readonly file: string | undefined }) => T,
): Shape<T | undefined> {
  return leaf<T>({
    type: 'path or PEM text',
    spec,
    schema: { type: 'string' },
    fallback: undefined,
    defaultText: undefined,
    read(input, path, context) {
      const text = readText(input, path, context, 'path or PEM text', `write ${lastKey(path)}: ./ca.pem`);
      if (text === invalid) return invalid;
      const inline = text.includes('-----BEGIN ');
      const file = inline ? '' : dependsOn(text, input.origin, context);
      try {
        const pem = inline ? text : readFileSync(file, 'utf8');
        new X509Certificate(pem); // reads the first block: enough to tell a certificate from a key or something else
        return value({ pem, file: inline ? undefined : file });
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        const problem = inline
          ? 'is not a PEM certificate'
          : /^E[A-Z]+$/.test(code)
            ? `the file ${file} cannot be read (${code})`
            : `the file ${file} is not a PEM certificate`;
        const cure = 'write the path of a file that starts with -----BEGIN CERTIFICATE-----';
        complain(context, input.origin, path, problem, cure);
        return invalid;
      }
    },
  });
}

/** What it means to take any certificate; for the reference. */
export const whoeverAnswers =
  'Whoever answers in the place of the server then gets what is sent, the token or secret above all.';

/** A rule for a group of TLS options: a client certificate and its key need each other. */
export function certificateWithKey(
  { cert, key }: { readonly cert: unknown; readonly key: unknown },
  report: (key: string, problem: string, cure: string) => void,
): void {
  if (cert !== undefined && key === undefined) {
    report('cert', 'has no key', 'write key: { file: ./client.key } beside it');
  }
  if (key !== undefined && cert === undefined) report('key', 'has no cert', 'write cert: ./client.pem beside it');
}
