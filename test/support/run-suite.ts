import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { coverageFindings, type FileCoverage } from './coverage-rules.ts';
import { afterSecondLook, secondLook } from './second-look.ts';
import { compiledPath, hasCode, runsInBrowser, sourceFiles } from './source-files.ts';
import { TapReading, type TapResult } from './tap-reading.ts';

// Runs tap over the compiled tests and closes with `N passed, N failed`:
//   node build/test/support/run-suite.js                 all tests but test/system, then the coverage rules
//   node build/test/support/run-suite.js FILE…           these only
//   node build/test/support/run-suite.js --system        test/system

const tapCommand = 'node_modules/.bin/tap';
const tapBuilt = 'node_modules/.tap-built';
const coverageFile = '.tap/report/coverage-summary.json';
const say = (text: string) => process.stdout.write(`${text}\n`);

/**
 * Puts tap together without its TypeScript plugin, which dies under TypeScript 7. What tap builds lies in node_modules, so
 * the mark that it was done lies there too: `npm ci` removes both. (A folder .tap/plugins outlives it and proves nothing.)
 */
function buildTap(): void {
  const wanted = readFileSync('.taprc', 'utf8');
  if (existsSync(tapBuilt) && readFileSync(tapBuilt, 'utf8') === wanted) return;
  rmSync('.tap/plugins', { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync(tapCommand, ['build'], { encoding: 'utf8' });
  if (status === 0) writeFileSync(tapBuilt, wanted);
  else say(`tap build failed:\n${stdout}${stderr}`);
}

/** Runs tap and reads what it writes; the tests' own stderr goes straight through. */
async function runTap(args: readonly string[]): Promise<TapResult> {
  const tap = spawn(tapCommand, ['run', '--reporter=tap', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const reading = new TapReading(say);
  const ended = new Promise<boolean>((resolve) => {
    tap.on('error', (error) => {
      say(`tap cannot be started: ${error.message}`);
      resolve(false);
    });
    tap.on('close', (code) => resolve(code === 0));
  });
  for await (const line of createInterface({ input: tap.stdout })) reading.line(line);
  return reading.result(await ended);
}

/** One finding per broken coverage rule; also when there is no report to judge. */
function judgeCoverage(): string[] {
  if (!existsSync(coverageFile)) return [`${coverageFile} is missing: tap made no coverage report`];
  // The shape is istanbul's json-summary: `total`, and one entry per absolute path.
  const report = JSON.parse(readFileSync(coverageFile, 'utf8')) as Record<string, FileCoverage>;
  const covered = Object.entries(report).map(
    ([file, coverage]) => [relative('.', file).split(sep).join('/'), coverage] as const,
  );
  const sources = sourceFiles('src').map(({ path }) => path);
  const counted = sources.filter((path) => !runsInBrowser(path) && hasCode(path));
  return coverageFindings(new Map(covered.filter(([file]) => file.startsWith('src/'))), counted);
}

/** Runs files that failed beside others once more, alone, and says so either way. */
async function lookAgain(first: TapResult, args: readonly string[]): Promise<TapResult> {
  say(`failed beside other files, run once more alone: ${first.failedFiles?.join(', ')}`);
  const second = await runTap(['--disable-coverage', '--jobs=1', ...args]);
  if (second.failed === 0) say('they pass alone: their limits are too narrow for a busy machine');
  return afterSecondLook(first, second);
}

async function run(args: readonly string[]): Promise<TapResult> {
  const system = args[0] === '--system';
  const files = system ? sourceFiles('test').map(({ path }) => path) : args;
  const tests = system ? files.filter((path) => /^test\/system\/.*\.test\.ts$/.test(path)).map(compiledPath) : files;
  if (system && tests.length === 0) {
    say('test/system has no tests yet.');
    return { passed: 0, failed: 0, switchedOff: 0, failedFiles: [] };
  }
  const judged = !system && tests.length === 0;
  buildTap();
  rmSync(coverageFile, { force: true });
  const coverage = judged ? ['--coverage-report=json-summary', '--show-full-coverage'] : ['--disable-coverage'];
  // building an image takes minutes the first time, more than .taprc allows a test; containers and browsers are heavy neighbours
  const patience = system ? ['--timeout=900', '--jobs=2'] : [];
  const first = await runTap([...coverage, ...patience, ...tests]);
  const findings = judged ? judgeCoverage() : [];
  const again = secondLook(first);
  const result = again.length === 0 ? first : await lookAgain(first, [...patience, ...again]);
  if (result.switchedOff > 0) findings.push(`${result.switchedOff} tests are marked skip or todo; none may be`);
  for (const finding of findings) say(`not ok: ${finding}`);
  return { ...result, failed: result.failed + findings.length };
}

const { passed, failed } = await run(process.argv.slice(2));
say(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
