import { oneOf } from './option/choice.ts';
import { object } from './option/group.ts';
import { parsed } from './option/parsed.ts';

/** Where the audit log goes. */
export const auditOptions = object(
  {
    file: parsed<string, { readonly default?: never }>({
      doc: 'A file (made with mode 0600) to which one JSON line per decision is appended; opened anew with each reload, so that it can be rotated.',
      type: 'path',
      example: './audit.jsonl',
      read: (text, where) =>
        text === '' ? { problem: 'names no file', cure: 'write file: ./audit.jsonl' } : { value: where(text) },
    }),
    stream: oneOf(['stdout', 'stderr'], { doc: 'In place of a file.' }),
  },
  {
    doc: 'Who asked for what, and what was decided (docs/agents.md).',
    check: ({ file, stream }, report) => {
      if (file !== undefined && stream !== undefined) report('stream', 'stands beside file', 'write one of the two');
    },
  },
);
