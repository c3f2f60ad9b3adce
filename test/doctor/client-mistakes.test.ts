import t from 'tap';
import { clientMistakes } from './client-mistakes.ts';
import { diagnosed } from './diagnosed.ts';

for (const one of clientMistakes) t.test(one.name, (t) => diagnosed(t, one));
