import { sourceFiles } from './source-files.ts';
import { staticExceptions } from './static-exceptions.ts';
import { staticFindings } from './static-rules.ts';

// The third part of `npm run check`: prints what breaks a static rule, and ends with 1 if anything does.

const findings = staticFindings([...sourceFiles('src'), ...sourceFiles('packaging')], staticExceptions);
for (const finding of findings) console.error(finding);
process.exitCode = findings.length === 0 ? 0 : 1;
