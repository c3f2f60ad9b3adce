import t from 'tap';
import { clientMistakes } from './client-mistakes.ts';
import { diagnosed } from './diagnosed.ts';
import { tokenMistakes } from './token-mistakes.ts';
import { wayMistakes } from './way-mistakes.ts';

for (const one of wayMistakes) t.test(one.name, (t) => diagnosed(t, one));

t.test('all in all there are at least 25 mistakes, each with a name of its own', async (t) => {
  const all = [...tokenMistakes, ...clientMistakes, ...wayMistakes].map(({ name }) => name);
  t.ok(all.length >= 25, String(all.length));
  t.equal(new Set(all).size, all.length);
});
