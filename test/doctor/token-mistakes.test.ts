import t from 'tap';
import { diagnosed, examined } from './diagnosed.ts';
import { landscape } from './set-up.ts';
import { tokenMistakes } from './token-mistakes.ts';

for (const one of tokenMistakes) t.test(one.name, (t) => diagnosed(t, one));

t.test("without expect the API's own words have to do", async (t) => {
  const ids = new Map([
    ['issuer with a slash at its end', 'issuer_differs'],
    ['audience of another environment', 'audience_differs'],
    ['HS256 where only RS256 is allowed', 'algorithm_not_accepted'],
    ['unknown kid', 'kid_not_published'],
  ]);
  for (const { name, setUp } of tokenMistakes) {
    const id = ids.get(name);
    if (id === undefined) continue;
    // The set-up's own configuration.
    const { credential, ...rest } = (await setUp(t)) as { readonly credential: object };
    const { first } = await examined(t, { ...rest, credential: { ...credential, expect: undefined } });
    t.equal(first?.id, id, `${name}: ${first?.sentence}`);
  }
});

t.test('a set-up that works: nothing found, exit 0', async (t) => {
  const { idp, config } = await landscape(t);
  const expect = { issuer: idp.issuer, audience: 'collibra', type: ['at+jwt'], jwks: idp.jwksUrl };
  const { code, output } = await examined(t, config({}, { expect }));
  t.equal(code, 0, output);
});
