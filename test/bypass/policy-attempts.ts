import { type Attempt, attempt, never, webSocket } from './attempt.ts';

/** What the route of the attempts below allows. */
export const allowed: readonly string[] = ['GET /rest/2.0/**', 'POST /rest/2.0/search', 'GET /public/*'];

const middie = 'middie CVE-2026-33804, express CVE-2026-33808: guard and server read differently';

/** Paths and methods that are not in the list (threat 9). */
export const allowAttempts: readonly Attempt[] = [
  attempt('threat 9: another path', 'GET /admin'),
  attempt('threat 9: a prefix that is no segment', 'GET /rest/2.0x'),
  attempt('threat 9: another method', 'DELETE /rest/2.0/communities'),
  attempt('threat 9: dot-dot', 'GET /rest/2.0/../../admin'),
  attempt('reply-from, fix of 2025-12: %2e%2e', 'GET /rest/2.0/%2e%2e/%2E%2E/admin'),
  attempt('threat 9: half encoded', 'GET /rest/2.0/.%2e/%2e./admin'),
  attempt('threat 9: encoded twice', 'GET /rest/2.0/%252e%252e/admin'),
  attempt('threat 9: encoded three times', 'GET /rest/2.0/%25252e%25252e/admin'),
  attempt('threat 9: with path parameters', 'GET /rest/2.0/..;/..;/admin'),
  attempt('threat 9: with a session id', 'GET /rest/2.0/..;jsessionid=1/admin'),
  attempt('threat 9: an encoded semicolon', 'GET /rest/2.0/..%3b/admin'),
  attempt('threat 9: an encoded slash', 'GET /rest/2.0/..%2fadmin'),
  attempt('threat 9: a slash encoded twice', 'GET /rest/2.0/..%252fadmin'),
  attempt('threat 9: a backslash', 'GET /rest/2.0\\..\\..\\admin'),
  attempt('threat 9: an encoded backslash', 'GET /rest/2.0/..%5c..%5cadmin'),
  attempt('threat 9: overlong UTF-8', 'GET /rest/2.0/%c0%ae%c0%ae/admin'),
  attempt('threat 9: overlong UTF-8, encoded twice', 'GET /rest/2.0/%25c0%25ae/admin'),
  attempt('threat 9: full-width dots', 'GET /rest/2.0/%EF%BC%8E%EF%BC%8E/admin'),
  attempt('threat 9: %u', 'GET /rest/2.0/%u002e%u002e/admin'),
  attempt('threat 9: NUL', 'GET /rest/2.0/..%00/admin'),
  attempt('threat 9: a line break', 'GET /rest/2.0/x%0d%0a/admin'),
  attempt('threat 9: a space behind the dots', 'GET /rest/2.0/..%20/admin'),
  attempt(`${middie}: two slashes`, 'GET //admin'),
  attempt(`${middie}: two slashes before what is allowed`, 'GET //rest/2.0/x'),
  attempt(`${middie}: an authority instead of a path`, 'GET //evil.example/rest/2.0/x'),
  attempt(`${middie}: a dot segment`, 'GET /./admin'),
  attempt(`${middie}: path parameters before what is allowed`, 'GET /admin;/rest/2.0/x'),
  attempt(`${middie}: case`, 'GET /REST/2.0/x'),
  attempt(`${middie}: two segments by an encoded slash`, 'GET /public/a%2fb'),
  attempt(`${middie}: two segments by a backslash`, 'GET /public/a\\b'),
  attempt(`${middie}: an encoded question mark`, 'GET /admin%3f/rest/2.0/x'),
  attempt(`${middie}: what is allowed in the query`, 'GET /admin?/rest/2.0/x'),
  attempt('reply-from GHSA-v574-6498-x57v: joined without a slash', 'GET /rest/2.0%2e%2e/admin'),
  attempt('threat 10: absolute-form', 'GET http://localhost/admin'),
  attempt('RFC 9112 §3.2.4: asterisk-form', 'OPTIONS *'),
  attempt('Next.js GHSA-c4j6-fc7j-m34r: a WebSocket on another path', 'GET /admin', ...webSocket),
  attempt('method override by header', 'POST /rest/2.0/search', 'X-HTTP-Method-Override: DELETE'),
  attempt('method override, Microsoft', 'POST /rest/2.0/search', 'X-HTTP-Method: DELETE'),
  attempt('method override, IBM', 'POST /rest/2.0/search', 'x-method-override: delete'),
  attempt('method override, Rails and Symfony', 'POST /rest/2.0/search?a=1&_method=DELETE'),
  attempt('method override, encoded', 'POST /rest/2.0/search?%5fmethod=DELETE'),
  attempt('Symfony CVE-2018-14773: another path by header', 'GET /rest/2.0/x', 'X-Original-URL: /admin'),
  attempt('Symfony CVE-2018-14773: the other name of it', 'GET /rest/2.0/x', 'X-Rewrite-URL: /admin'),
  attempt('oauth2-proxy CVE-2025-64484: with an underscore', 'GET /rest/2.0/x', 'X_Original_URL: /admin'),
  never('a method in small letters', 'delete /rest/2.0/x'),
  never('threat 10: a fragment', 'GET /admin#/rest/2.0/x'),
];

/** What changes something on a route that is read only. */
export const readOnlyAttempts: readonly Attempt[] = [
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'PROPPATCH', 'MKCOL', 'MOVE', 'PURGE'].map((method) =>
    attempt(`readOnly: ${method}`, `${method} /rest/2.0/x`, 'Content-Length: 0'),
  ),
  attempt('readOnly: a method override', 'GET /x', 'X-HTTP-Method-Override: DELETE'),
  attempt('readOnly: a method override on HEAD', 'HEAD /x', 'X-HTTP-Method: PUT'),
  attempt('oauth2-proxy CVE-2025-64484: with an underscore', 'GET /x', 'X_HTTP_Method_Override: DELETE'),
  attempt('readOnly: a method override among others', 'GET /x', 'X-Method-Override: GET, DELETE'),
  attempt('readOnly: a method override twice', 'GET /x', 'X-Method-Override: GET', 'X-Method-Override: DELETE'),
  attempt('readOnly: a method override in the query', 'GET /x?_method=PATCH'),
  attempt('readOnly: a WebSocket can carry anything', 'GET /x', ...webSocket),
];

/** Ways round the policy of /admin by way of an open route beside it. */
export const otherRouteAttempts: readonly Attempt[] = [
  attempt('threat 9: an encoded letter', 'DELETE /%61dmin/x'),
  attempt('threat 9: dot-dot on the open route', 'DELETE /open/../admin/x'),
  attempt('threat 9: encoded dot-dot on the open route', 'DELETE /open/%2e%2e/admin/x'),
  attempt(`${middie}: two slashes`, 'DELETE //admin/x'),
  attempt(`${middie}: a dot segment`, 'DELETE /./admin/x'),
  attempt(`${middie}: path parameters`, 'DELETE /admin;v=1/x'),
  attempt(`${middie}: a backslash`, 'DELETE /\\admin/x'),
  attempt(`${middie}: an encoded slash`, 'DELETE /admin%2fx'),
];
