/** A way in which a web page can make a browser send a request. */
export interface BrowserAttempt {
  readonly what: string;
  /** JavaScript that a page runs; `target` is the URL that it aims at, `add`, `frame` and `submit` are those of stage.ts. */
  readonly script: string;
  /**
   * What the browser says about the page: its Origin, `null`, or nothing but Sec-Fetch-Site. No setting of bearerd lets the last
   * in, so that their control is what a browser without Sec-Fetch-Site would send.
   */
  readonly says: 'origin' | 'null' | 'site';
}

const post = `method: 'POST', body: 'a=b'`;
const sandboxed = (script: string) => `frame({ sandbox: 'allow-scripts allow-forms', srcdoc: ${script} })`;

/** Every way from a page to a URL that does not need the page to come from there. */
export const attempts: readonly BrowserAttempt[] = [
  { what: 'fetch, cors', says: 'origin', script: `fetch(target)` },
  { what: 'fetch, cors, with cookies', says: 'origin', script: `fetch(target, { credentials: 'include' })` },
  { what: 'fetch, no-cors', says: 'site', script: `fetch(target, { mode: 'no-cors' })` },
  {
    what: 'fetch, no-cors, with cookies',
    says: 'site',
    script: `fetch(target, { mode: 'no-cors', credentials: 'include' })`,
  },
  { what: 'fetch, no-cors, HEAD', says: 'site', script: `fetch(target, { mode: 'no-cors', method: 'HEAD' })` },
  { what: 'fetch, simple POST', says: 'origin', script: `fetch(target, { mode: 'no-cors', ${post} })` },
  {
    what: 'fetch, simple POST, no referrer',
    says: 'origin',
    script: `fetch(target, { mode: 'no-cors', referrerPolicy: 'no-referrer', ${post} })`,
  },
  { what: 'fetch, keepalive', says: 'origin', script: `fetch(target, { mode: 'no-cors', keepalive: true, ${post} })` },
  {
    what: 'fetch, JSON, with a preflight',
    says: 'origin',
    script: `fetch(target, { ${post}, headers: { 'Content-Type': 'application/json' } })`,
  },
  { what: 'fetch, DELETE, with a preflight', says: 'origin', script: `fetch(target, { method: 'DELETE' })` },
  {
    what: 'fetch, own Authorization, with a preflight',
    says: 'origin',
    script: `fetch(target, { headers: { Authorization: 'Bearer x' } })`,
  },
  { what: 'fetch, redirected', says: 'origin', script: `fetch(home + '/redirect?' + target)` },
  {
    what: 'fetch, POST, redirected by another site',
    says: 'null',
    script: `fetch(other + '/redirect?' + target, { mode: 'no-cors', ${post} })`,
  },
  { what: 'fetch in a worker', says: 'origin', script: `new Worker(blob('fetch("' + target + '")'))` },
  { what: 'importScripts in a worker', says: 'site', script: `new Worker(blob('importScripts("' + target + '")'))` },
  {
    what: 'XMLHttpRequest',
    says: 'origin',
    script: `{ const ask = new XMLHttpRequest(); ask.open('GET', target); ask.send(); }`,
  },
  {
    what: 'XMLHttpRequest, POST',
    says: 'origin',
    script: `{ const ask = new XMLHttpRequest(); ask.open('POST', target); ask.send('a=b'); }`,
  },
  { what: 'sendBeacon', says: 'origin', script: `navigator.sendBeacon(target, 'a=b')` },
  { what: 'sendBeacon, a form', says: 'origin', script: `navigator.sendBeacon(target, new FormData())` },
  { what: 'EventSource', says: 'origin', script: `new EventSource(target)` },
  { what: 'EventSource, with cookies', says: 'origin', script: `new EventSource(target, { withCredentials: true })` },
  { what: 'WebSocket', says: 'origin', script: `new WebSocket(target.replace('http', 'ws'))` },
  {
    what: 'WebSocket of a sandboxed frame',
    says: 'null',
    script: sandboxed(`'<script>new WebSocket("' + target.replace('http', 'ws') + '")</script>'`),
  },
  { what: 'image', says: 'site', script: `add('img', { src: target })` },
  { what: 'image, crossorigin', says: 'origin', script: `add('img', { crossorigin: 'anonymous', src: target })` },
  { what: 'image of an SVG', says: 'site', script: `frame({ srcdoc: '<svg><image href="' + target + '"/></svg>' })` },
  { what: 'script', says: 'site', script: `add('script', { src: target })` },
  { what: 'script, module', says: 'origin', script: `add('script', { type: 'module', src: target })` },
  { what: 'import()', says: 'origin', script: `import(target)` },
  { what: 'style sheet', says: 'site', script: `add('link', { rel: 'stylesheet', href: target })` },
  { what: '@import', says: 'site', script: `add('style').textContent = '@import "' + target + '"'` },
  { what: 'background', says: 'site', script: `document.body.style.background = 'url(' + target + ')'` },
  {
    what: 'font',
    says: 'origin',
    script: `new FontFace('f' + Math.random(), 'url(' + target + ')').load()`,
  },
  { what: 'video', says: 'site', script: `add('video', { src: target, preload: 'auto' })` },
  { what: 'audio', says: 'site', script: `add('audio', { src: target, preload: 'auto' })` },
  { what: 'object', says: 'site', script: `add('object', { data: target })` },
  { what: 'embed', says: 'site', script: `add('embed', { src: target })` },
  { what: 'preload', says: 'site', script: `add('link', { rel: 'preload', as: 'image', href: target })` },
  { what: 'modulepreload', says: 'origin', script: `add('link', { rel: 'modulepreload', href: target })` },
  { what: 'prefetch', says: 'site', script: `add('link', { rel: 'prefetch', href: target })` },
  { what: 'iframe', says: 'site', script: `frame({ src: target })` },
  {
    what: 'iframe, refreshed by meta',
    says: 'site',
    script: `frame({ srcdoc: '<meta http-equiv="refresh" content="0;url=' + target + '">' })`,
  },
  { what: 'new window', says: 'site', script: `window.open(target)` },
  { what: 'link', says: 'site', script: `add('a', { href: target, target: '_blank' }).click()` },
  { what: 'ping of a link', says: 'origin', script: `add('a', { href: '#', ping: target }).click()` },
  { what: 'form, GET', says: 'site', script: `submit({ action: target })` },
  { what: 'form, POST', says: 'origin', script: `submit({ action: target, method: 'post' })` },
  {
    what: 'form, POST, multipart',
    says: 'origin',
    script: `submit({ action: target, method: 'post', enctype: 'multipart/form-data' })`,
  },
  {
    what: 'form, POST, text/plain, as if it were JSON',
    says: 'origin',
    script: `submit({ action: target, method: 'post', enctype: 'text/plain' })`,
  },
  {
    what: 'form, POST, redirected',
    says: 'null',
    script: `submit({ action: home + '/redirect?' + target, method: 'post' })`,
  },
  {
    what: 'form, POST, of a sandboxed frame',
    says: 'null',
    script: sandboxed(
      `'<form method="post" action="' + target + '"></form><script>document.forms[0].submit()</script>'`,
    ),
  },
  { what: 'fetch of a sandboxed frame', says: 'null', script: sandboxed(`'<script>fetch("' + target + '")</script>'`) },
  {
    what: 'fetch of a data: frame',
    says: 'null',
    script: `frame({ src: 'data:text/html,<script>fetch("' + target + '")</script>' })`,
  },
  { what: 'report of a broken policy', says: 'origin', script: `frame({ src: home + '/reporting?' + target })` },
];
