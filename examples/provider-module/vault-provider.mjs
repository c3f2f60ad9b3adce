import { defineProvider, object, secret, TokenRequestError, url } from 'bearerd';

// Gets a token from a vault: POST with a key in a header, answered by {"token": "…", "ttlSeconds": 60}.
export default defineProvider({
  kind: 'vault',
  doc: 'Tokens from the vault of Example Inc.',
  schema: object(
    {
      address: url({ doc: 'Where tokens are issued.', required: true, example: 'https://vault.example.com/token' }),
      key: secret({ doc: 'The key of this application.', required: true, example: '{ file: ./vault-key }' }),
    },
    { doc: 'The vault.' },
  ),
  create({ address, key }, { clock, log }) {
    const failed = (what, kind, reason, cause) =>
      new TokenRequestError(`POST ${address} ${what}.`, { kind, reason, cause });
    return {
      async requestToken(signal) {
        const headers = { 'vault-key': await key.read(log) };
        const requestedAtMs = clock.nowMs();
        const answer = await fetch(address, { method: 'POST', headers, signal, redirect: 'error' }).catch((cause) => {
          throw failed(signal.aborted ? 'was given up' : 'was not answered', 'transient', 'unreachable', cause);
        });
        if (answer.status >= 500) throw failed(`answered ${answer.status}`, 'transient', `http_${answer.status}`);
        if (!answer.ok) throw failed(`answered ${answer.status}; check the key`, 'permanent', `http_${answer.status}`);
        const { token, ttlSeconds } = await answer.json();
        return { value: token, requestedAtMs, lifetimeMs: ttlSeconds * 1000, lifetimeSource: 'expires_in' };
      },
    };
  },
});
