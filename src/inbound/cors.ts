/** An answer to a preflight: head only. */
export interface PreflightAnswer {
  readonly status: 204;
  /** Flat list: name, value, …. */
  readonly headers: readonly string[];
}

/** RFC 9110 §5.6.2, and a list of them. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * The request's Origin if the configuration lists it, so that it gets CORS headers; undefined for everybody else.
 * Run it behind `guard`: it has refused repeated and foreign ones by then.
 */
export function listedOrigin(rawHeaders: readonly string[], allowedOrigins: readonly string[]): string | undefined {
  if (allowedOrigins.length === 0) return undefined;
  const origin = headerValue(rawHeaders, 'origin');
  return origin !== undefined && allowedOrigins.includes(origin) ? origin : undefined;
}

/** OPTIONS that a browser sends on its own to ask for permission (Fetch standard, CORS-preflight request). */
export function isPreflight(method: string, rawHeaders: readonly string[]): boolean {
  return (
    method === 'OPTIONS' &&
    headerValue(rawHeaders, 'access-control-request-method') !== undefined &&
    headerValue(rawHeaders, 'origin') !== undefined
  );
}

/**
 * The answer to a preflight of a listed origin: what it asked for is allowed, for ten minutes. Credentials (cookies)
 * are not: the bearer token is ours to add, so a page needs none. Names that are no HTTP token are left out.
 */
export function preflightAnswer(origin: string, rawHeaders: readonly string[]): PreflightAnswer {
  const method = headerValue(rawHeaders, 'access-control-request-method') ?? '';
  const asked = (headerValue(rawHeaders, 'access-control-request-headers') ?? '').split(',').map((name) => name.trim());
  const names = asked.filter((name) => token.test(name));
  return {
    status: 204,
    headers: [
      ...['Access-Control-Allow-Origin', origin],
      ...(token.test(method) ? ['Access-Control-Allow-Methods', method] : []),
      ...(names.length > 0 ? ['Access-Control-Allow-Headers', names.join(', ')] : []),
      ...['Access-Control-Max-Age', '600'],
      ...['Vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
    ],
  };
}

/** What an answer to a listed origin carries in place of the upstream's CORS headers; every header may be read. */
export function corsHeaders(origin: string): readonly string[] {
  return ['Access-Control-Allow-Origin', origin, 'Access-Control-Expose-Headers', '*', 'Vary', 'Origin'];
}

function headerValue(rawHeaders: readonly string[], lowerCaseName: string): string | undefined {
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) return rawHeaders[index + 1];
  }
  return undefined;
}
