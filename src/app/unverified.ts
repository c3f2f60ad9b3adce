import type { Config } from '../config/config.ts';
import type { Log } from '../log.ts';

/** Says at each start and reload which servers could be anybody, because nobody verifies their certificates. */
export function warnOfUnverified({ routes, credentials }: Config, log: Log): void {
  const warn = (kind: 'route' | 'credential', name: string, danger: string): void => {
    const message = `tls.insecureSkipVerify: no certificate is verified for ${kind} ${name}; ${danger}`;
    log.warn({ event: 'insecure_skip_verify', [kind]: name }, message);
  };
  for (const { name, tls } of routes) {
    if (tls.insecureSkipVerify === true) warn('route', name, 'whoever answers in place of the API gets its token');
  }
  for (const { name, insecureSkipVerify } of credentials) {
    if (insecureSkipVerify === true) warn('credential', name, 'whoever answers in place of the issuer gets the secret');
  }
}
