import type { SourceFile } from './source-files.ts';
import { importsOf, type SourceText, sourceText } from './source-text.ts';

/** Something that no shipped source may do (issue 7, acceptance 5). */
export interface StaticRule {
  readonly name: string;
  /** What is done instead; completes the finding. */
  readonly cure: string;
  /** Looked for in the code, whose comments and strings are blank. */
  readonly code?: RegExp;
  /** Looked for in each string. */
  readonly text?: RegExp;
  /** Modules that may not be imported. */
  readonly modules?: RegExp;
  /** The only folder that it is about. */
  readonly within?: string;
}

/** A file that may break a rule. */
export interface StaticException {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

/** The rules of `npm run check` that neither the compiler nor the linter has. */
export const staticRules: readonly StaticRule[] = [
  {
    name: 'dynamic code',
    cure: 'text that is run may be the text of a stranger',
    code: /\b(?:eval|Function|WebAssembly)\b|\.\s*constructor\s*\(|\bset(?:Timeout|Interval|Immediate)\s*\(\s*['"`]/g,
    text: /^constructor$/g,
    modules: /^(?:node:)?(?:vm|repl|inspector|worker_threads|wasi)(?:\/|$)/,
  },
  {
    name: 'computed import',
    cure: 'a module is named by a plain string, so that the others are not reachable',
    code: /\b(?:import|require)\s*\(\s*[^'"\s]|\b(?:createRequire|dlopen|binding)\s*\(/g,
  },
  {
    name: 'child process',
    cure: 'programs are started for a command secret, a command provider and bearerd exec alone',
    modules: /^(?:node:)?(?:child_process|cluster)$/,
  },
  {
    name: 'unverified certificate',
    cure: 'insecureSkipVerify in src/net/direct-connection.ts is the one switch',
    code: /\brejectUnauthorized\b(?!: (?:true|settings\.insecureSkipVerify !== true)\b)|\bcheckServerIdentity\b/g,
    text: /^(?:rejectUnauthorized|checkServerIdentity)$/g,
  },
  {
    name: 'TLS switch of the environment',
    cure: 'it would hold for every connection of the process, silently',
    code: /\bNODE_(?:TLS_REJECT_UNAUTHORIZED|EXTRA_CA_CERTS)\b/g,
    text: /\bNODE_(?:TLS_REJECT_UNAUTHORIZED|EXTRA_CA_CERTS)\b/g,
  },
  {
    name: 'markup from text',
    cure: 'the status page makes elements and sets their text',
    code: /\b(?:innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|srcdoc)\b|\bdocument\.write/g,
    text: /^(?:innerHTML|outerHTML|srcdoc)$/g,
    within: 'src/admin/page/',
  },
];

/** Every use of what a rule forbids, as `file:line: …`, and every exception that is not needed any more. */
export function staticFindings(
  files: readonly SourceFile[],
  exceptions: readonly StaticException[],
  rules = staticRules,
): string[] {
  const needed = new Set<StaticException>();
  const found: string[] = [];
  for (const { path, text } of files) {
    const parts = sourceText(text);
    for (const rule of rules.filter(({ within = '' }) => path.startsWith(within))) {
      const places = breaches(parts, rule);
      const exception = exceptions.find((one) => one.rule === rule.name && one.path === path);
      if (exception === undefined) {
        for (const at of places) found.push(`${path}:${lineOf(text, at)}: ${rule.name}: ${rule.cure}`);
      } else if (places.length > 0) needed.add(exception);
    }
  }
  const stale = exceptions.filter((one) => !needed.has(one));
  return [...found, ...stale.map(({ path, rule }) => `${path}: has no ${rule} any more; take it off the list`)];
}

/** Positions in the source. */
function breaches(parts: SourceText, { code, text, modules }: StaticRule): number[] {
  const inCode = code === undefined ? [] : [...parts.code.matchAll(code)].map(({ index }) => index);
  const inText =
    text === undefined ? [] : parts.literals.filter((one) => one.text.search(text) >= 0).map(({ at }) => at);
  if (modules === undefined) return [...inCode, ...inText];
  const imported = importsOf(parts).filter((name) => modules.test(name));
  const named = parts.literals.filter((one) => imported.includes(one.text)).map(({ at }) => at);
  return [...inCode, ...inText, ...named];
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}
