import t from 'tap';
import { type RequestHeaderRules, requestHeaders } from '../../src/upstream/request-headers.ts';

const rules: RequestHeaderRules = { viaName: 'bearerd-1234', remove: new Set(), set: [], keepAuthorization: false };
const own = ['Via', '1.1 bearerd-1234'];

const cases: readonly {
  readonly name: string;
  readonly given: readonly string[];
  readonly rules?: Partial<RequestHeaderRules>;
  readonly fields: readonly string[];
  readonly hasAuthorization?: boolean;
  readonly ownAuthorizations?: number;
  readonly loop?: boolean;
}[] = [
  {
    name: 'order, duplicates and spelling are kept',
    given: ['aCCept', 'a', 'X-B', '1', 'x-b', '2', 'X-Empty', '', 'accept', 'c'],
    fields: ['aCCept', 'a', 'X-B', '1', 'x-b', '2', 'X-Empty', '', 'accept', 'c', ...own],
  },
  {
    name: 'hop-by-hop fields end here (RFC 9110 7.6.1)',
    given: [
      ...[
        'Host',
        'x',
        'Connection',
        'keep-alive',
        'Keep-Alive',
        'timeout=5',
        'Proxy-Connection',
        'x',
        'TE',
        'trailers',
      ],
      ...['Trailer', 'X-T', 'Transfer-Encoding', 'chunked', 'Upgrade', 'h2c', 'Expect', '100-continue'],
      ...['Proxy-Authorization', 'Basic x', 'Proxy-Authenticate', 'Basic', 'Accept', '*/*'],
    ],
    fields: ['Accept', '*/*', ...own],
  },
  {
    name: 'fields that Connection names end here, whatever the case and however many lines',
    given: ['connection', 'X-One, , close', 'X-One', '1', 'x-two', '2', 'X-Three', '3', 'Connection', 'x-TWO'],
    fields: ['X-Three', '3', ...own],
  },
  {
    name: 'Connection cannot remove what frames the message',
    given: ['Connection', 'Content-Length', 'Content-Length', '5', 'Content-Type', 'a/b'],
    fields: ['Content-Length', '5', 'Content-Type', 'a/b', ...own],
  },
  {
    name: 'Connection cannot remove Via or the fields of headers.set',
    given: ['Connection', 'Via, X-Client', 'Via', '1.0 fred', 'X-Client', 'theirs'],
    rules: { set: ['X-Client', 'bearerd'], remove: new Set(['x-client']) },
    fields: ['Via', '1.0 fred, 1.1 bearerd-1234', 'X-Client', 'bearerd'],
  },
  {
    name: 'several Via lines become one list, ours at its end',
    given: ['Via', '1.0 fred', 'Accept', 'a', 'via', '1.1 b (comment, bearerd-1234)'],
    fields: ['Accept', 'a', 'Via', '1.0 fred, 1.1 b (comment, bearerd-1234), 1.1 bearerd-1234'],
  },
  {
    name: 'loop: our own name',
    given: ['Via', '1.1 bearerd-1234'],
    fields: ['Via', '1.1 bearerd-1234, 1.1 bearerd-1234'],
    loop: true,
  },
  {
    name: 'loop: our own name in the middle',
    given: ['Via', '1.0 a,1.1\tbearerd-1234 (x), 1.1 c'],
    fields: ['Via', '1.0 a,1.1\tbearerd-1234 (x), 1.1 c, 1.1 bearerd-1234'],
    loop: true,
  },
  {
    name: 'no loop: another process',
    given: ['Via', '1.1 bearerd-9999'],
    fields: ['Via', '1.1 bearerd-9999, 1.1 bearerd-1234'],
  },
  {
    name: 'no loop: a name that begins like ours',
    given: ['Via', '1.1 bearerd-12345'],
    fields: ['Via', '1.1 bearerd-12345, 1.1 bearerd-1234'],
  },
  {
    name: "a caller's Authorization is dropped, every line of it",
    given: ['Authorization', 'Bearer a', 'AUTHORIZATION', 'Basic b'],
    fields: own,
    hasAuthorization: true,
  },
  {
    name: "a caller's Authorization is kept under keep",
    given: ['Authorization', 'Bearer a', 'Accept', 'b'],
    rules: { keepAuthorization: true },
    fields: ['Authorization', 'Bearer a', 'Accept', 'b', ...own],
    hasAuthorization: true,
    ownAuthorizations: 1,
  },
  {
    name: 'under keep an empty one counts for nothing, and one that is named in Connection neither',
    given: ['Authorization', '', 'Authorization', 'Bearer a', 'Connection', 'Authorization'],
    rules: { keepAuthorization: true },
    fields: own,
    hasAuthorization: true,
  },
  {
    name: 'headers.remove, headers.set and cookies: drop',
    given: ['Cookie', 'a=b', 'X-Debug', '1', 'x-debug', '2', 'X-Client', 'theirs', 'Accept', 'a'],
    rules: { remove: new Set(['cookie', 'x-debug', 'x-client']), set: ['X-Client', 'bearerd'] },
    fields: ['Accept', 'a', ...own, 'X-Client', 'bearerd'],
  },
  {
    name: 'no Forwarded, no X-Forwarded-For of ours; those of the client are end-to-end',
    given: ['X-Forwarded-For', '10.0.0.1', 'Forwarded', 'for=x'],
    fields: ['X-Forwarded-For', '10.0.0.1', 'Forwarded', 'for=x', ...own],
  },
  { name: 'nothing', given: [], fields: own },
];

for (const {
  name,
  given,
  rules: over,
  fields,
  hasAuthorization = false,
  ownAuthorizations = 0,
  loop = false,
} of cases) {
  t.test(`request fields: ${name}`, async (t) => {
    t.same(requestHeaders(given, { ...rules, ...over }), { fields, hasAuthorization, ownAuthorizations, loop });
  });
}
