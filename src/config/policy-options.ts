import { type AllowRule, parseAllowRule } from './allow-rule.ts';
import { list } from './option/list.ts';
import { parsed } from './option/parsed.ts';
import { boolean } from './option/switch.ts';

/** Keys of a route that say what may be asked. */
export const policyOptions = {
  allow: list(
    parsed<AllowRule, { readonly required: true }>({
      doc: '`METHOD /path` with the path as callers write it, decoded; `GET|HEAD` for two methods, `*` for all; in the path `*` within a segment, `**` for any number of segments.',
      type: 'rule',
      required: true,
      read: parseAllowRule,
    }),
    {
      doc: 'What may be asked: method and path, checked on the decoded, normalised path; everything else is refused (docs/agents.md).',
      example: '["GET /rest/2.0/**"]',
      check: (rules) =>
        rules.length > 0
          ? undefined
          : { problem: 'is empty, so that nothing could be asked', cure: 'write at least one rule, or remove the key' },
    },
  ),
  readOnly: boolean({ doc: 'Only GET, HEAD and OPTIONS may be asked, and no WebSocket.', default: false }),
};
