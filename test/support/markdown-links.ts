import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** A link of a Markdown file. */
export interface Link {
  readonly line: number;
  readonly target: string;
}

/** The inline links and images of a Markdown text, those in code left out. */
export function linksOf(markdown: string): Link[] {
  const found: Link[] = [];
  let fence = false;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (/^\s*```/.test(line)) fence = !fence;
    if (fence) continue;
    for (const [, target = ''] of line.replaceAll(/`[^`]*`/g, '``').matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)) {
      found.push({ line: index + 1, target });
    }
  }
  return found;
}

/** The anchors that GitHub makes of the headings of a Markdown text. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  let fence = false;
  for (const line of markdown.split('\n')) {
    if (/^\s*```/.test(line)) fence = !fence;
    const heading = fence ? null : /^#{1,6}\s+(.*?)\s*#*$/.exec(line);
    if (heading === null) continue;
    const slug = (heading[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    let anchor = slug;
    for (let copy = 1; anchors.has(anchor); copy += 1) anchor = `${slug}-${copy}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * The links of a file that lead nowhere, one sentence each. Addresses of other hosts are only read, not called: a test may
 * not depend on them.
 * @param file relative to the project, which is the working directory.
 */
export function brokenLinks(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return linksOf(text).flatMap(({ line, target }) => {
    const place = `${file}:${line}: ${target}`;
    if (/^[a-z]+:/i.test(target))
      return /^https:/.test(target) && URL.canParse(target) ? [] : [`${place} is no https URL`];
    const [path = '', anchor] = target.split('#');
    const to = path === '' ? file : normalize(join(dirname(file), path));
    if (to.startsWith('..') || !existsSync(to)) return [`${place}: there is no ${to}`];
    if (anchor === undefined || statSync(to).isDirectory()) return [];
    return anchorsOf(readFileSync(to, 'utf8')).has(anchor) ? [] : [`${place}: ${to} has no heading #${anchor}`];
  });
}
