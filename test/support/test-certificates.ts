import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of a file of test/vectors/tls: `ca.pem`, `server.pem`, `client.key` … (made by make.sh, valid for 100 years). */
export function tlsFile(name: string): string {
  return fileURLToPath(new URL(`../../../test/vectors/tls/${name}`, import.meta.url));
}

/** Its text. */
export function tlsText(name: string): string {
  return readFileSync(tlsFile(name), 'utf8');
}
