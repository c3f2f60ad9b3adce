import { allCases, topics } from './all-cases.ts';
import type { Column } from './compare.ts';

/** Writes docs/conformance.md from what the proxies made of the cases. */
export function conformancePage(columns: readonly Column[]): string {
  const names = columns.map(({ name }) => name);
  const counts = columns.map(({ name, verdicts }) => {
    const passed = allCases.filter(({ id }) => verdicts.get(id)?.faults.length === 0).length;
    return `| ${name} | ${passed} | ${allCases.length - passed} |`;
  });
  const sections = topics.flatMap(([topic, cases]) => [
    `## ${topic}`,
    '',
    `| id | what | from | ${names.join(' | ')} |`,
    `|---|---|---|${names.map(() => '---').join('|')}|`,
    ...cases.map(({ id, title, source, onPurpose }) => {
      const cells = columns.map(({ verdicts }) => cell(verdicts.get(id)));
      return `| ${id}${onPurpose === undefined ? '' : ' ¹'} | ${escaped(title)} | ${escaped(source)} | ${cells.join(' | ')} |`;
    }),
    '',
  ]);
  const onPurpose = allCases.flatMap(({ id, title, onPurpose }) =>
    onPurpose === undefined ? [] : [`- **${id}**, ${title}: ${onPurpose}.`],
  );
  return [
    '# Conformance',
    '',
    '<!-- Written by `npm run conformance -- --peer nginx --peer http-proxy`; do not edit. -->',
    '',
    `${allCases.length} cases, each a piece of raw bytes in and the bytes that must come out on both sides. They are in`,
    '`test/conformance/cases-*.ts`, each with the RFC section, advisory or threat that it comes from. `npm test` runs all of',
    'them against bearerd; `npm run conformance` runs the same bytes against other proxies that add a bearer token. The',
    'expectations are what bearerd promises, so a peer that does something else is not always wrong: nginx knows nothing',
    'of Origins, and some RFC sections leave a choice. Read a row before you judge it.',
    '',
    '| proxy | as expected | otherwise |',
    '|---|---|---|',
    ...counts,
    '',
    '✓ = as expected; otherwise what was seen: the statuses that the client got, how many requests the upstream got, and the',
    'first thing that was not as expected. nginx is set up as its manual says for this job (HTTP/1.1 and keep-alive towards',
    'the upstream, no buffering, WebSocket map, redirects and cookie paths mapped, other Hosts refused); the setting is in',
    '`test/conformance/peers.ts`. Where a field is looked for, the letters of its name count: bearerd keeps them, and a proxy',
    'that writes them small is otherwise no worse for it.',
    '',
    '## Where bearerd differs on purpose',
    '',
    'These cases (marked ¹) expect what bearerd does, and that is not what the RFC asks for, or not what everybody would expect:',
    '',
    ...onPurpose,
    '',
    ...sections,
  ].join('\n');
}

function cell(verdict: { readonly faults: readonly string[]; readonly seen: string } | undefined): string {
  if (verdict === undefined) return '–';
  const [fault] = verdict.faults;
  if (fault === undefined) return '✓';
  return escaped(`${verdict.seen} (${fault.length > 90 ? `${fault.slice(0, 90)}…` : fault})`);
}

function escaped(text: string): string {
  return text
    .replace(/[^\x20-\x7e§–…✓]/g, '?')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT')
    .replace(/[|<>*_`\\[\]]/g, '\\$&');
}
