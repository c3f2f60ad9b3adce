import type { Lint } from '../config/provider-definition.ts';
import type { Secret, SecretFacts } from '../config/secret.ts';
import { fits, neededKey, type SigningAlgorithm, smallestRsaBits, usualAlgorithm } from './signing-key.ts';

/** What can be checked of a secret now; a source that cannot be read is reported where the option is parsed. */
export function factsOf(source: Secret | undefined): SecretFacts | undefined {
  try {
    return source?.facts();
  } catch {
    return undefined;
  }
}

/** Whether a private key can be read and fits the algorithm; undefined = the usual algorithm of the key. */
export function lintPrivateKey(source: Secret | undefined, algorithm: SigningAlgorithm | undefined): readonly Lint[] {
  const facts = factsOf(source);
  if (facts === undefined) return [];
  const { privateKey } = facts;
  const needed = algorithm === undefined ? 'an RSA, EC or Ed25519 key' : neededKey(algorithm);
  let problem: string | undefined;
  if (privateKey === undefined) problem = 'is not a private key that can be read';
  else if (algorithm === undefined ? usualAlgorithm(privateKey) === undefined : !fits(algorithm, privateKey)) {
    const kind = privateKey.curve === undefined ? privateKey.type : `${privateKey.type} (${privateKey.curve})`;
    problem = `is a key of type ${kind}, but ${algorithm ?? 'a signature'} needs ${needed}`;
  } else if (privateKey.bits !== undefined && privateKey.bits < smallestRsaBits) {
    problem = `has ${privateKey.bits} bits, fewer than the ${smallestRsaBits} that are needed (RFC 7518 §3.3)`;
  }
  if (problem === undefined) return [];
  const size = /RSA/.test(needed) ? ` (RSA: at least ${smallestRsaBits} bits)` : '';
  const cure = `write ${needed}${size} without a password, in PEM or as a JWK`;
  return [{ path: 'privateKey', problem, cure, severity: 'error' }];
}

/** Whether a shared secret is what an HMAC algorithm needs; `path` is the option. */
export function lintSharedSecret(
  source: Secret | undefined,
  algorithm: SigningAlgorithm,
  path: 'secret' | 'clientSecret',
): readonly Lint[] {
  const facts = factsOf(source);
  if (facts === undefined) return [];
  if (facts.pem) {
    const problem = `is a PEM block, but ${algorithm} signs with a shared secret`;
    const cure =
      path === 'secret'
        ? 'write it as privateKey with algorithm: RS256, or write the shared secret'
        : 'write it as privateKey with clientAuthentication: private_key_jwt, or write the client secret';
    return [{ path, problem, cure, severity: 'error' }];
  }
  const bytes = Number(algorithm.slice(2)) / 8;
  if (facts.bytes >= bytes) return [];
  return [
    {
      path,
      problem: `has ${facts.bytes} bytes, fewer than the ${bytes} that ${algorithm} should have (RFC 7518 §3.2)`,
      cure: 'check that it is complete; it is used as it is',
      severity: 'warning',
    },
  ];
}
