import { BearerdError } from '../errors.ts';
import { fieldValues } from '../upstream/field-lines.ts';
import { ReplayableBody } from '../upstream/replayable-body.ts';
import { requestHeaders } from '../upstream/request-headers.ts';
import type { Caller, Exchange, UpstreamRequest } from '../upstream/round-trip.ts';
import type { Arrival, ArrivedRequest } from './arrival.ts';
import { hasDotDotSegment, pathOf, upstreamTarget } from './request-target.ts';

/** Makes the request for the upstream of the one that arrived. @throws BearerdError when it may not be sent */
export function outgoingRequest(
  request: ArrivedRequest,
  arrival: Arrival,
  caller: Caller,
  exchange: Exchange,
): UpstreamRequest {
  const { route, pathQuery } = arrival;
  const mayEscape = route.prefix !== '' || route.base !== '';
  if (mayEscape && hasDotDotSegment(pathOf(pathQuery))) {
    throw new BearerdError(
      'BEARERD_REQUEST_MALFORMED',
      "the path has a '..' segment, which could leave the route's path",
    );
  }
  const { fields, hasAuthorization, ownAuthorizations, loop } = requestHeaders(request.rawHeaders, route.requestRules);
  if (loop) {
    throw new BearerdError(
      'BEARERD_LOOP',
      `the request has passed this very process before (Via: ${route.requestRules.viaName})`,
    );
  }
  if (hasAuthorization && route.authorization === 'reject') {
    throw new BearerdError(
      'BEARERD_AUTHORIZATION_NOT_ALLOWED',
      'this route adds the credential itself (authorization: reject)',
    );
  }
  if (ownAuthorizations > 1) {
    throw new BearerdError('BEARERD_REQUEST_MALFORMED', 'the request has more than one Authorization field');
  }
  return {
    method: request.method ?? '',
    target: pathQuery === '*' ? '*' : upstreamTarget(pathQuery, route.prefix, route.base),
    headers: request.method === 'OPTIONS' ? oneForwardLess(fields) : fields,
    hasOwnAuthorization: ownAuthorizations > 0,
    body: arrival.upgrade ? undefined : bodyOf(request, route.replayBytes),
    ...(route.subjectHeader === undefined ? {} : { subject: fieldValues(request.rawHeaders, route.subjectHeader) }),
    upgrade: arrival.upgrade,
    caller,
    exchange,
    onInformation: undefined,
  };
}

/** Max-Forwards counts down at each hop (RFC 9110 §7.6.2); 0 has been answered by the listener. */
function oneForwardLess(fields: string[]): string[] {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const left = fields[i + 1] ?? '';
    if (fields[i]?.toLowerCase() === 'max-forwards' && /^[0-9]{1,9}$/.test(left))
      fields[i + 1] = String(Number(left) - 1);
  }
  return fields;
}

function bodyOf(request: ArrivedRequest, replayBytes: number): ReplayableBody | undefined {
  const length = request.headers['content-length'];
  if (length === undefined) {
    return request.headers['transfer-encoding'] === undefined
      ? undefined
      : new ReplayableBody(request, replayBytes, undefined);
  }
  return length === '0' ? undefined : new ReplayableBody(request, replayBytes, Number(length));
}
