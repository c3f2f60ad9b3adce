import t from 'tap';
import { BearerdProcess, runBearerd } from '../support/bearerd-process.ts';

// Issue 2, acceptance 1: the tour on the built binary; the emulators as commands.

t.jobs = 2;

// That it takes less than 20 s is tested in test/cli, without the start of a process.
t.test('demo --once: exit 0', async (t) => {
  const { code, stdout, stderr } = await runBearerd({ words: ['demo', '--once'] });
  t.equal(code, 0, stdout + stderr);
  t.match(stdout, /came out as documented/);
  t.equal(stderr, '');
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`demo prints lines to copy, which work, and ends with ${signal}: exit 0`, async (t) => {
    const demo = new BearerdProcess({ words: ['demo', '--port', '0'] });
    t.teardown(() => demo.stop('SIGKILL'));
    await demo.until(() => /curl .*\n/.test(demo.stdout), 'a line to copy');
    const url = /^\s*curl (http:\/\/\S+\/rest\/\S+)$/m.exec(demo.stdout)?.[1] ?? '';
    const answer = await fetch(url);
    t.equal(answer.status, 200);
    t.match(await answer.text(), 'Data Governance Council');
    t.same(await demo.stop(signal), { code: 0, signal: undefined });
  });
}

const emulators: Readonly<Record<string, string>> = {
  idp: '/.well-known/openid-configuration',
  collibra: '/rest/2.0/application/info',
  collaborate: '/__stats',
};

for (const [kind, path] of Object.entries(emulators)) {
  t.test(`emulate ${kind} starts, answers, and ends with SIGTERM: exit 0`, async (t) => {
    const emulator = new BearerdProcess({ words: ['emulate', kind, '--port', '0', '--json'] });
    t.teardown(() => emulator.stop('SIGKILL'));
    await emulator.until(() => emulator.stdout.includes('\n'), 'its address');
    const { url } = JSON.parse(emulator.stdout);
    t.equal((await fetch(new URL(path, url))).status, 200);
    t.same(await emulator.stop(), { code: 0, signal: undefined });
    t.equal(emulator.stderr, '');
  });
}
