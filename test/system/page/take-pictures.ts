import { writeFileSync } from 'node:fs';
import { Chromium } from '../../support/chromium.ts';
import { startPageScene } from '../../support/page-scene.ts';

// Makes the pictures of docs/status-page.md: node build/test/system/page/take-pictures.js (takes five minutes, because the
// chart shows as many). Run from the root of the project.

const trafficMs = Number(process.argv[2] ?? 300) * 1000;
const scene = await startPageScene(90);
const chromium = await Chromium.start();
const page = await chromium.newPage();
await page.look({ width: 1280, height: 1240, colorScheme: 'light' });
await page.open(`${scene.bearerd.adminUrl}/`);

const ask = (path: string, options: RequestInit = {}): Promise<unknown> =>
  fetch(scene.bearerd.url + path, options)
    .then((answer) => answer.arrayBuffer())
    .catch(() => undefined);
const fault = (change: object): Promise<unknown> =>
  fetch(`${scene.collibra.url}/__faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(change),
  });
const asset = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"name":"Revenue"}',
};

const until = Date.now() + trafficMs;
for (let n = 1; Date.now() < until; n += 1) {
  if (n % 23 === 0) await fault({ slowMs: 60 + 30 * (n % 5), times: 2, at: 'api' });
  await ask('/rest/2.0/communities?limit=100');
  if (n % 3 === 0) await ask('/rest/2.0/assets', asset);
  if (n % 4 === 0) await ask('/collab/sessions');
  if (n % 17 === 0) await ask('/rest/2.0/glossary/00000000');
  if (n % 41 === 0) await ask('/lineage/rest/2.0/communities');
  if (n % 67 === 0) await ask('/reports/rest/2.0/communities');
  if (n % 97 === 0) await fault({ revoke: true });
  const wave = 1 + Math.sin(n / 40);
  await new Promise((resolve) => setTimeout(resolve, 120 + 200 * wave));
}
await ask('/reports/rest/2.0/communities');
await fault({ expire: true });
await ask('/rest/2.0/communities?limit=100');
await ask('/collab/sessions');
await ask('/rest/2.0/assets', asset);
const settle = () => new Promise((resolve) => setTimeout(resolve, 1_200));
const take = async (name: string) => {
  await settle();
  writeFileSync(`docs/${name}.png`, await page.screenshot());
};
await take('status-page-light');
await page.look({ width: 1280, height: 1240, colorScheme: 'dark' });
await take('status-page-dark');
await page.look({ width: 1280, height: 900, colorScheme: 'dark' });
const retried = `[...document.querySelectorAll('#requests tbody tr')].find((row) => row.textContent.includes('retried'))`;
await page.evaluate(`${retried}.querySelector('button').click()`);
await page.until(`document.querySelector('dialog[open]')`);
await page.evaluate('document.activeElement.blur()');
await take('status-page-detail');
await chromium.close();
await scene.close();
