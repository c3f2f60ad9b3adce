import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { TokenRequestError } from '../token/provider.ts';
import type { Line } from './connections.ts';
import { type IssuerMetadata, metadataUrls, readMetadata, type UnusableMetadata } from './discovery.ts';
import { exchange } from './exchange.ts';

/** Milliseconds that an issuer's metadata is used without asking again: one hour. */
export const metadataLifeMs = 3_600_000;

/** The largest metadata that is read, in bytes; real ones have some ten thousand. */
const bodyLimit = 262_144;

/** What discovery works with. */
export interface IssuerSettings {
  readonly issuer: string;
  readonly insecureHttp: boolean;
  /** Milliseconds for each request. */
  readonly timeoutMs: number;
  readonly connect: () => Promise<Line>;
}

/** An issuer whose metadata is asked for when it is needed. */
export interface Issuer {
  /**
   * Its metadata, at most an hour old; an older one is used where a new one cannot be had because of the network.
   * @throws TokenRequestError: transient, except for a document that names another issuer or no usable token endpoint.
   */
  readonly metadata: (signal: AbortSignal) => Promise<IssuerMetadata>;
  /** The metadata has led to an address that does not work: the next call asks again. */
  readonly forget: () => void;
}

/** Makes an issuer; nothing is asked yet. */
export function createIssuer(settings: IssuerSettings, { clock, log }: { clock: Clock; log: Log }): Issuer {
  let known: { readonly metadata: IssuerMetadata; readonly atMs: number } | undefined;

  async function discover(signal: AbortSignal): Promise<IssuerMetadata> {
    const line = await settings.connect();
    let worst: { readonly url: string; readonly unusable: UnusableMetadata } | undefined;
    for (const url of metadataUrls(settings.issuer)) {
      const answer = await exchange(
        {
          asked: { method: 'GET', url, option: 'issuer' },
          url,
          headers: { accept: 'application/json', 'user-agent': 'bearerd' },
          line,
          timeoutMs: settings.timeoutMs,
          bodyLimit,
        },
        signal,
      );
      const read = readMetadata(answer, settings.issuer, settings.insecureHttp);
      if (!('fault' in read)) return read;
      // That a document belongs to somebody else tells more than that the other address has none.
      if (worst === undefined || worst.unusable.fault === 'absent') worst = { url, unusable: read };
    }
    throw failure(settings.issuer, worst);
  }

  return {
    async metadata(signal) {
      if (known !== undefined && clock.monotonicMs() - known.atMs < metadataLifeMs) return known.metadata;
      try {
        const metadata = await discover(signal);
        known = { metadata, atMs: clock.monotonicMs() };
        log.debug(
          { event: 'issuer_discovered', issuer: settings.issuer, tokenEndpoint: metadata.tokenEndpoint },
          'Read the metadata of the issuer',
        );
        return metadata;
      } catch (error) {
        if (known === undefined || !(error instanceof TokenRequestError) || error.failure.kind === 'permanent') {
          throw error;
        }
        log.warn({ event: 'issuer_unavailable', issuer: settings.issuer }, `${error.message} Using what is known.`);
        return known.metadata;
      }
    },
    forget() {
      if (known !== undefined) known = { ...known, atMs: Number.NEGATIVE_INFINITY };
    },
  };
}

function failure(
  issuer: string,
  found: { readonly url: string; readonly unusable: UnusableMetadata } | undefined,
): TokenRequestError {
  const [inserted, appended] = metadataUrls(issuer);
  const { happened, fault, action } = found?.unusable ?? { happened: '', fault: 'absent', action: '' };
  const what =
    fault === 'absent'
      ? `The issuer ${issuer} publishes no metadata: GET ${inserted} ${happened}, and ${appended} is no better.`
      : `GET ${found?.url ?? inserted} ${happened}.`;
  return new TokenRequestError(what, {
    kind: fault === 'absent' ? 'transient' : 'permanent',
    reason: fault === 'foreign' ? 'issuer_mismatch' : 'invalid_metadata',
    action,
  });
}
