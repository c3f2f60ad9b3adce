import t from 'tap';
import { fencedBlock, shellCommands } from './shell-blocks.ts';

const markdown = `# Title

Text with \`code\`.

    npm ci && npm run demo

text
    that goes on

\`\`\`sh
# a comment
$ bearerd run --upstream x \\
    --preset y   # another
curl http://x/#y
\`\`\`

\`\`\`yaml
upstream: x
\`\`\`

1. In a list:

   \`\`\`sh
   npm run check
   \`\`\`
`;

t.test('the commands of a Markdown text', async (t) => {
  t.same(shellCommands(markdown), [
    { line: 5, command: 'npm ci && npm run demo' },
    { line: 12, command: 'bearerd run --upstream x --preset y' },
    { line: 14, command: 'curl http://x/#y' },
    { line: 24, command: 'npm run check' },
  ]);
});

t.test('the file that a Markdown text shows', async (t) => {
  t.equal(fencedBlock(markdown, 'yaml'), 'upstream: x\n');
  t.throws(() => fencedBlock(markdown, 'json'), /no block of json/);
});
