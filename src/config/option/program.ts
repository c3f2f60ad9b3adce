import { complain, resolvePath } from '../input.ts';
import { Program } from '../program.ts';
import { invalid, type Shape, type Spec } from '../shape.ts';
import { kindOf, lastKey, leaf, type Present, present } from './leaf.ts';
import { split } from './list.ts';

/** A program with its arguments, as a list; it runs in the folder of the file that names it, with bearerd's environment. */
export function program<const S extends Spec<Program>>(spec: S): Shape<Present<Program, S>> {
  const item = leaf<string>({
    type: 'string',
    spec: { doc: 'The program, or an argument.', required: true },
    schema: { type: 'string' },
    fallback: undefined,
    defaultText: undefined,
    read: (input) => (input.kind === 'scalar' ? String(input.value) : invalid),
  });
  return present(
    leaf<Program>({
      type: 'list of strings',
      spec,
      schema: { type: 'array', items: item.jsonSchema(), minItems: 1 },
      fallback: undefined,
      defaultText: undefined,
      item,
      read(input, path, context) {
        const parts = split(input, item, false);
        const argv = parts?.map((one) => (one.kind === 'scalar' ? String(one.value ?? '') : invalid)) ?? [];
        const words = argv.filter((word) => word !== invalid);
        if (words.length === 0 || words.length < argv.length || words[0] === '') {
          const problem = `has to be a program with its arguments as a list, not ${kindOf(input)}`;
          const cure = `write ${lastKey(path)}: ${spec.example ?? '[program, argument]'}`;
          complain(context, input.origin, path, parts === undefined ? problem : 'names no program', cure);
          return invalid;
        }
        const { origin } = input;
        return new Program(
          words,
          origin.kind === 'file' ? resolvePath('.', origin, context.cwd) : context.cwd,
          context.env,
        );
      },
    }),
  );
}
