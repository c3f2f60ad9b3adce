import { readFile } from 'node:fs/promises';

/** A file of the page. */
export interface PageFile {
  readonly contentType: string;
  readonly content: Buffer;
}

const types = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' } as const;

/** Every file of the page, by the path under which it is served. They lie beside this file, in page/, where packaging/page.ts puts them. */
export const pageFiles: Readonly<Record<string, string>> = {
  '/': 'page.html',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
  '/icon.svg': 'icon.svg',
};

const read = new Map<string, Promise<PageFile>>();

/** A file of the page: read when it is asked for the first time, delivered from memory from then on. */
export function pageFile(name: string): Promise<PageFile> {
  const known = read.get(name) ?? load(name);
  read.set(name, known);
  return known;
}

async function load(name: string): Promise<PageFile> {
  const content = await readFile(new URL(`./page/${name}`, import.meta.url));
  // the table above has no other endings
  const type = types[name.slice(name.lastIndexOf('.') + 1) as keyof typeof types];
  return { contentType: `${type}; charset=utf-8`, content };
}
