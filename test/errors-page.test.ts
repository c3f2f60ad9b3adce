import { readFileSync } from 'node:fs';
import t from 'tap';
import { catalog } from '../src/errors.ts';
import { errorsPage } from './support/errors-page.ts';

t.test('docs/errors.md is what the catalog says; npm run reference writes it', async (t) => {
  t.equal(readFileSync('docs/errors.md', 'utf8'), errorsPage());
});

t.test('docs/errors.md has one anchor per code, and every link of it leads to one', async (t) => {
  const page = errorsPage();
  const headings = [...page.matchAll(/^## (\w+)$/gm)].map(([, code]) => code);
  t.strictSame(headings, Object.keys(catalog));
  const links = [...page.matchAll(/\]\(#(\w+)\)/g)].map(([, anchor]) => anchor);
  t.strictSame(links.sort(), headings.map((code) => code?.toLowerCase()).sort());
});
