/** What a PromQL query reads. */
export interface QueryNames {
  readonly metrics: readonly string[];
  /** Labels that it selects by, and on which metric. */
  readonly selected: readonly { readonly metric: string; readonly label: string }[];
  /** Labels that it groups or joins by. */
  readonly grouped: readonly string[];
}

const words = new Set(['and', 'or', 'unless', 'offset', 'bool', 'by', 'without', 'on', 'ignoring', 'inf', 'nan']);

/** The names in a query, as far as the queries of this project go: selectors, functions, groupings and operators. */
export function namesIn(query: string): QueryNames {
  const selected: { metric: string; label: string }[] = [];
  const grouped: string[] = [];
  const rest = query
    .replace(/\[[^\]]*\]/g, '')
    .replace(/(\w+)\s*\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}/g, (_all, metric: string, matchers: string) => {
      for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)) selected.push({ metric, label });
      return metric;
    })
    .replace(/\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g, (_all, labels: string) => {
      grouped.push(...labels.split(/[\s,]+/).filter((label) => label !== ''));
      return '';
    })
    .replace(/"(?:[^"\\]|\\.)*"/g, '');
  const names = [...rest.matchAll(/\b([A-Za-z_:][\w:]*)\b(?!\s*\()/g)].map(([name]) => name);
  return { metrics: [...new Set(names.filter((name) => !words.has(name.toLowerCase())))], selected, grouped };
}
