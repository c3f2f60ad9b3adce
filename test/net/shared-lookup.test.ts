import { AsyncLocalStorage } from 'node:async_hooks';
import type { LookupFunction } from 'node:net';
import t from 'tap';
import { sharedLookup } from '../../src/net/shared-lookup.ts';

type Told = Parameters<LookupFunction>[2];

/** A look-up that answers when it is told to, and the questions that it was asked. */
function slowLookup() {
  const asked: string[] = [];
  const waiting: Told[] = [];
  const lookup = sharedLookup((hostname, { family, all }, told) => {
    asked.push(`${hostname} ${family} ${all}`);
    waiting.push(told);
  });
  const answer: Told = (...words) => {
    for (const tell of waiting.splice(0)) tell(...words);
  };
  return { asked, lookup, answer };
}

const question = { family: 0, all: true };
const addresses = [{ address: '192.0.2.1', family: 4 }];

t.test('who asks while a name is looked up is given the same answer; who asks later asks anew', async (t) => {
  const { asked, lookup, answer } = slowLookup();
  const told: unknown[] = [];
  for (let i = 0; i < 100; i += 1) lookup('api.example', question, (error, found) => told.push([error, found]));
  t.same(asked, ['api.example 0 true']);
  answer(null, addresses);
  t.same(told, Array(100).fill([null, addresses]));
  lookup('api.example', question, () => {});
  t.equal(asked.length, 2);
});

t.test('a failure is shared too, and forgotten', async (t) => {
  const { asked, lookup, answer } = slowLookup();
  const failure = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
  const told: unknown[] = [];
  for (let i = 0; i < 2; i += 1) lookup('gone.example', question, (error) => told.push(error));
  answer(failure, '');
  t.equal(told[0], failure);
  t.equal(told[1], failure);
  lookup('gone.example', question, () => {});
  t.equal(asked.length, 2);
});

t.test('another name or another question waits for none of them', async (t) => {
  const { asked, lookup } = slowLookup();
  lookup('api.example', question, () => {});
  lookup('idp.example', question, () => {});
  lookup('api.example', { ...question, family: 6 }, () => {});
  lookup('api.example', { ...question, all: false }, () => {});
  t.same(asked, ['api.example 0 true', 'idp.example 0 true', 'api.example 6 true', 'api.example 0 false']);
});

t.test('who asks from within an answer asks anew', async (t) => {
  const { asked, lookup, answer } = slowLookup();
  lookup('api.example', question, () => lookup('api.example', question, () => {}));
  answer(null, addresses);
  t.equal(asked.length, 2);
});

t.test('each caller goes on in its own context', async (t) => {
  const { lookup, answer } = slowLookup();
  const context = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  for (const caller of ['first', 'second']) {
    context.run(caller, () => lookup('api.example', question, () => seen.push(context.getStore())));
  }
  answer(null, addresses);
  t.same(seen, ['first', 'second']);
});
