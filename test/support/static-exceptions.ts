import type { StaticException } from './static-rules.ts';

/** The files that may do what a static rule forbids, each with its reason. */
export const staticExceptions: readonly StaticException[] = [
  {
    rule: 'dynamic code',
    path: 'packaging/load.ts',
    reason:
      'runs the program that lies beside it, with the code that V8 made of it earlier: decisions/0002-cold-start.md',
  },
  {
    rule: 'computed import',
    path: 'packaging/bundle.ts',
    reason: 'reads, at build time, what the built library exports',
  },
  { rule: 'computed import', path: 'src/main.ts', reason: 'reads the version from package.json' },
  {
    rule: 'computed import',
    path: 'src/provider/module.ts',
    reason: 'loads the module that the configuration names: provider: module',
  },
  { rule: 'child process', path: 'src/config/secret.ts', reason: 'the command of a secret' },
  { rule: 'child process', path: 'src/config/program.ts', reason: 'the command of the provider command' },
  { rule: 'child process', path: 'src/cli/exec.ts', reason: 'the program that bearerd exec is asked to run' },
  {
    rule: 'unverified certificate',
    path: 'src/doctor/tls-chain.ts',
    reason: 'looks at the certificates of a server that is not trusted, sends nothing and hangs up',
  },
  {
    rule: 'unverified certificate',
    path: 'src/net/server-tls.ts',
    reason: 'a listener: whether callers need a certificate of their own',
  },
];
