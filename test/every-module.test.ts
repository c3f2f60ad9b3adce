import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { compiledPath, runsInBrowser, sourceFiles } from './support/source-files.ts';

// A module that no test imports would be missing from the coverage report instead of counting as never run.
t.test('every module can be imported on its own, and importing it starts nothing', async (t) => {
  for (const { path } of sourceFiles('src')) {
    // The bin runs when it is imported; tests of the built program cover it.
    if (path === 'src/main.ts' || runsInBrowser(path)) continue;
    await t.resolves(import(pathToFileURL(resolve(compiledPath(path))).href), path);
  }
});
