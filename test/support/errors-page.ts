import { BearerdError, catalog } from '../../src/errors.ts';
import { problemOf, proxyStatusOf } from '../../src/inbound/problem.ts';

/** docs/errors.md, made from the catalog so that the two cannot differ. */
export function errorsPage(): string {
  return `${introduction()}\n${sections().join('\n')}`;
}

function introduction(): string {
  const error = new BearerdError('BEARERD_HOST_NOT_ALLOWED', 'The Host "evil.example" is not served here.');
  const problem = problemOf(error, { requestId: 'c0ffee42-1', method: 'GET', instance: '/rest/2.0/communities' });
  const fields: string[] = [];
  for (let index = 0; index + 1 < problem.headers.length; index += 2) {
    fields.push(`${problem.headers[index]}: ${problem.headers[index + 1]}`);
  }
  return `# Errors

<!-- Made from src/errors.ts by \`npm run reference\`; a test compares the two. -->

When bearerd itself answers a request, the answer is a problem document (RFC 9457) with a stable \`code\`. It is never a
401: the caller has no credentials that it could offer. A 401 that reaches the caller is the upstream's own.
An example, its body indented for reading:

\`\`\`
HTTP/1.1 ${problem.status}
${fields.join('\n')}

${JSON.stringify(JSON.parse(problem.body), null, 2)}
\`\`\`

| member | meaning |
|---|---|
| \`type\` | \`urn:bearerd:error:\` and the code: a name, not an address |
| \`title\` | what kind of error it is; the same at every occurrence |
| \`status\` | the status of the answer |
| \`detail\` | what happened this time, one line |
| \`instance\` | the path of the request, without its query |
| \`code\` | one of the codes below |
| \`action\` | what to do next |
| \`requestId\` | the id under which the log knows the request |
| \`retryable\` | whether the same request may succeed if it is sent again |
| \`upstreamStatus\`, \`upstreamErrorCode\` | token faults: what the upstream said |
| \`token\` | token faults: header and claims of the token that was sent, decoded and not verified; never the token |
| \`findings\` | token faults: what contradicts what the API expects, the likeliest first: \`id\`, \`sentence\`, \`cure\`, \`certainty\` ([explained-failures.md](explained-failures.md)) |

\`Proxy-Status\` (RFC 9209) says the same in one line, for example
\`${proxyStatusOf(error)}\`. Every 503 carries \`Retry-After\`.

The texts under "what to do" are the usual ones; where bearerd knows more about a case, \`action\` is more exact.

| status | codes |
|---|---|
${overview().join('\n')}
`;
}

function overview(): string[] {
  const byStatus = new Map<number, string[]>();
  for (const [code, { status }] of Object.entries(catalog)) {
    byStatus.set(status, [...(byStatus.get(status) ?? []), `[${code}](#${code.toLowerCase()})`]);
  }
  return [...byStatus].sort(([a], [b]) => a - b).map(([status, codes]) => `| ${status} | ${codes.join(', ')} |`);
}

function sections(): string[] {
  return Object.entries(catalog).map(
    ([code, { status, title, action, proxyStatus, retryable }]) => `## ${code}

${title}.

- status: ${status}
- Proxy-Status error: \`${proxyStatus}\`
- retryable: ${retryable ? 'yes' : 'no'}
- what to do: ${action}
`,
  );
}
