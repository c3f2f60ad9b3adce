import type { Stripe } from '../findings.ts';

const rowHeight = 26;
const labelWidth = 330;
const plotWidth = 420;
const colour = { own: '#1f6feb', other: '#8b949e', text: '#57606a' };

/** A bar chart as SVG: one bar for each proxy, ours in another colour; readable on a light and on a dark page. */
export function plot(title: string, stripes: readonly Stripe[]): string {
  const most = Math.max(...stripes.map(({ value }) => value));
  const height = 44 + stripes.length * rowHeight;
  const rows = stripes.map(({ name, value }, row) => {
    const y = 40 + row * rowHeight;
    const width = ((value / most) * plotWidth).toFixed(1);
    const own = name.startsWith('bearerd');
    return [
      `  <text x="${labelWidth - 10}" y="${y + 13}" text-anchor="end"${own ? ' font-weight="bold"' : ''}>${escaped(name)}</text>`,
      `  <rect x="${labelWidth}" y="${y}" width="${width}" height="18" rx="2" fill="${own ? colour.own : colour.other}"/>`,
      `  <text x="${(labelWidth + Number(width) + 6).toFixed(1)}" y="${y + 13}">${value.toFixed(0)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${labelWidth + plotWidth + 60} ${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="13" fill="${colour.text}">
  <text x="${labelWidth}" y="20" font-weight="bold">${escaped(title)}</text>
${rows.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
