import t from 'tap';
import { SecretSearch } from '../../src/config/secret-search.ts';

t.test('finds one of many texts wherever it is', async (t) => {
  const search = new SecretSearch(['abcd', 'longer-than-that', 'xyxyxyz', 'ümläut', '密码密码']);
  for (const found of ['abcd', 'xabcdx', 'xxabcd', 'ababcd', 'a longer-than-that', 'xyxyxyxyz', 'ümläut', '-密码密码'])
    t.equal(search.foundIn(found), true, found);
  for (const other of ['', 'abc', 'abcxd', 'longer-than-tha', 'xyxyxy', 'umlaut', '密码密', '\u4c01bcd'.repeat(9)])
    t.equal(search.foundIn(other), false, other);
  t.equal(new SecretSearch([]).foundIn('anything'), false);
  t.equal(new SecretSearch(['x'.repeat(500)]).foundIn(`-${'x'.repeat(500)}`), true, 'longer than a window');
  t.equal(new SecretSearch(['x'.repeat(500)]).foundIn('x'.repeat(499)), false);
});

t.test('says what a search for each would say', async (t) => {
  // few letters, so that parts of the texts are everywhere
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const letters = ['a', 'b', 'c', 'é', '\u0161', '"'];
  const word = (length: number) => Array.from({ length }, () => letters[next(letters.length)]).join('');
  let found = 0;
  for (let round = 0; round < 3000; round += 1) {
    const texts = Array.from({ length: 1 + next(12) }, () => word(4 + next(6)));
    const search = new SecretSearch(texts);
    const text = word(next(120));
    const expected = texts.some((one) => text.includes(one));
    if (search.foundIn(text) !== expected) t.equal(search.foundIn(text), expected, JSON.stringify([texts, text]));
    found += expected ? 1 : 0;
  }
  t.ok(found > 200 && found < 2800, `${found} of 3000 hold one`);
});
