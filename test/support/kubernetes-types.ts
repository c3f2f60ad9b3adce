import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';

const run = promisify(execFile);

/** Where the published types have a kind: `apps/v1` for Deployment. */
const modules: Readonly<Record<string, string>> = {
  v1: 'core/v1',
  'apps/v1': 'apps/v1',
  'networking.k8s.io/v1': 'networking/v1',
};

/** What the compiler says of objects that are written as what they say they are; empty = nothing. */
export async function typeComplaints(
  t: Test,
  objects: readonly { apiVersion?: string; kind?: string }[],
): Promise<string> {
  const lines = objects.map((object, index) => {
    const { apiVersion = '', kind = '' } = object;
    const from = `import('kubernetes-types/${modules[apiVersion] ?? apiVersion}.d.ts').${kind}`;
    return `export const object${index}: ${from} = ${JSON.stringify(object, null, 1)};\n`;
  });
  const file = join(t.testdir({ 'objects.ts': lines.join('') }), 'objects.ts');
  const flags = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--types', '', '--module', 'nodenext'];
  const compiler = [process.execPath, join('node_modules', '.bin', 'tsc')];
  // through env, because tap puts its hooks into each Node that a test starts, and the compiler does not start with them
  return run('env', ['-u', 'NODE_OPTIONS', ...compiler, ...flags, file]).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string; stderr?: string }) => `${error.stdout}${error.stderr}`,
  );
}
