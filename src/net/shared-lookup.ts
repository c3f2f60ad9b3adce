import { AsyncResource } from 'node:async_hooks';
import { lookup as lookUp } from 'node:dns';
import type { LookupFunction } from 'node:net';

type Told = Parameters<LookupFunction>[2];

/**
 * Makes a look-up of which one is under way per name: whoever asks meanwhile is given the same addresses or the same error,
 * and whoever asks later asks anew. libuv lets getaddrinfo have two of its four threads, and one that is under way cannot be
 * called off: with one per connection, of 500 at once to a name that takes 50 ms, 110 had waited for 10 s (with one for all,
 * they took 0.1 s together), and a name whose server is silent held up every other name.
 * @param ask answers later, and once; default: `lookup` of node:dns
 */
export function sharedLookup(ask: LookupFunction = (...question) => lookUp(...question)): LookupFunction {
  const underWay = new Map<string, Told[]>();
  return (hostname, options, told) => {
    const question = JSON.stringify([hostname, options]);
    // a caller goes on in its own context, not in that of whoever asked first
    const own = AsyncResource.bind(told);
    const callers = underWay.get(question);
    if (callers !== undefined) {
      callers.push(own);
      return;
    }
    const all = [own];
    underWay.set(question, all);
    ask(hostname, options, (...answer) => {
      underWay.delete(question);
      for (const tell of all) tell(...answer);
    });
  };
}

/** For all connections of the process, which has one set of threads. */
export const lookup: LookupFunction = sharedLookup();
