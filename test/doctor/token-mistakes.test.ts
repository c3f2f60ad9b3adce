import t from 'tap';
import { diagnosed, examined } from './diagnosed.ts';
import { landscape } from './set-up.ts';
import { tokenMistakes } from './token-mistakes.ts';

for (const one of tokenMistakes) t.test(one.name, (t) => diagnosed(t, one));

t.test('a set-up that works: nothing found, exit 0', async (t) => {
  const { idp, config } = await landscape(t);
  const expect = { issuer: idp.issuer, audience: 'collibra', type: ['at+jwt'], jwks: idp.jwksUrl };
  const { code, output } = await examined(t, config({}, { expect }));
  t.equal(code, 0, output);
});
