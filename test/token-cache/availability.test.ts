import t from 'tap';
import { states } from './support.ts';

t.test('told when the first trouble begins and when the last is over', async (t) => {
  const { told, availability } = states();
  availability.attempt('keys')(undefined);
  availability.attempt('keys')('no key');
  availability.attempt('reading')('no file');
  availability.attempt('keys')('another reason');
  t.same(availability.state, { available: false, problem: 'another reason' });
  availability.attempt('keys')(undefined);
  t.same(availability.state, { available: false, problem: 'no file' });
  availability.attempt('reading')(undefined);
  t.same(availability.state, { available: true, problem: undefined });
  t.same(told, [
    { available: false, problem: 'no key' },
    { available: true, problem: undefined },
  ]);
});

t.test('an outcome that comes behind one of a later attempt says nothing of now', async (t) => {
  const { told, availability } = states();
  const early = availability.attempt('keys');
  const late = availability.attempt('keys');
  const ofAnother = availability.attempt('reading');
  late(undefined);
  early('it was away');
  t.same(told, []);
  ofAnother('no file');
  t.same(told, [{ available: false, problem: 'no file' }]);
});
