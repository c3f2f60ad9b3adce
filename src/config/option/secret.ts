import { complain, dependsOn, type Input, type ParseContext, resolvePath } from '../input.ts';
import { nearestName } from '../nearest-name.ts';
import { Secret } from '../secret.ts';
import { type Invalid, invalid, type JsonSchema, type Shape, type Spec } from '../shape.ts';
import { leaf, type Present, present } from './leaf.ts';

/** A secret: text, `{ file }`, `{ env }` or `{ command }`; a missing file or variable is a problem at once. */
export function secret<const S extends Spec<Secret>>(spec: S): Shape<Present<Secret, S>> {
  const cure = `write text, { file: PATH }, { env: NAME } or { command: [ARG, …] }`;
  return present(
    leaf<Secret>({
      type: 'secret',
      spec,
      schema: {
        anyOf: [
          { type: 'string' },
          ...['file', 'env'].map((name) => oneKey(name, { type: 'string' })),
          oneKey('command', { type: 'array', items: { type: 'string' }, minItems: 1 }),
        ],
      },
      fallback: undefined,
      defaultText: undefined,
      secret: true,
      read(input, path, context) {
        const value = input.kind === 'scalar' ? secretText(input.value) : secretFrom(input, path, context, cure);
        if (value === invalid) return invalid;
        if (value === undefined) {
          complain(context, input.origin, path, 'is not a secret that can be read', cure);
          return invalid;
        }
        try {
          if (value.facts()?.bytes === 0) throw new Error(`The ${value.description} is empty.`);
        } catch (error) {
          const problem =
            error instanceof Error ? error.message.replace(/^The /, 'the ').replace(/\.$/, '') : 'cannot be read';
          complain(context, input.origin, path, problem, 'write the secret there, or name another source');
          return invalid;
        }
        if (value.openToAll) {
          complain(context, input.origin, path, `the ${value.description} is ${openToAll}`, closeIt, 'warning');
        }
        return value;
      },
    }),
  );
}

/** What is wrong with a secret in a file that everybody can read; the sentence begins with the file. */
export const openToAll = 'open to every user of this machine';

/** What to do about it. */
export const closeIt = 'give it to owner and group alone: chmod o-rwx';

function oneKey(name: string, value: JsonSchema): JsonSchema {
  return { type: 'object', properties: { [name]: value }, required: [name], additionalProperties: false };
}

function secretText(value: string | number | boolean | null): Secret | undefined {
  return typeof value === 'string' ? new Secret({ kind: 'value', value }) : undefined;
}

function secretFrom(input: Input, path: string, context: ParseContext, cure: string): Secret | undefined | Invalid {
  if (input.kind !== 'map' || input.entries.size !== 1) return undefined;
  const { env, cwd } = context;
  for (const [name, { key, value }] of input.entries) {
    const text = value.kind === 'scalar' && typeof value.value === 'string' ? value.value : undefined;
    if (name === 'file' && text) return new Secret({ kind: 'file', path: dependsOn(text, value.origin, context) });
    if (name === 'env' && text) return new Secret({ kind: 'env', name: text, env });
    if (name === 'command' && value.kind === 'list') {
      const argv = value.items.map((one) => (one.kind === 'scalar' ? String(one.value) : ''));
      const folder = value.origin.kind === 'file' ? resolvePath('.', value.origin, cwd) : cwd;
      if (argv[0]) return new Secret({ kind: 'command', argv, env, cwd: folder });
    }
    if (!['file', 'env', 'command'].includes(name)) {
      const near = nearestName(name, ['file', 'env', 'command']);
      // The name is not shown: in { } without quotes it may be the secret itself.
      const problem = 'has a key that is not file, env or command';
      complain(context, key, path, problem, near ? `did you mean '${near}'?` : cure);
      return invalid;
    }
  }
  return undefined;
}
