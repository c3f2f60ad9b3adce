/** The upstream sent something that is no HTTP answer, or none to this request; the connection is of no more use. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
