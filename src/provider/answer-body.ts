import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';

/** The text of an answer, or why there is none. */
export type AnswerBody =
  | { readonly text: string; readonly unreadable?: undefined }
  | { readonly text: ''; readonly unreadable: string };

type Decoder = (data: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>;

/** Layers of compression that are taken off; a server can list thousands, and each may be as large as the limit. */
const mostEncodings = 3;

const decoders: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', (data, options) => promisify(gunzip)(data, options)],
  ['x-gzip', (data, options) => promisify(gunzip)(data, options)],
  // "deflate" means zlib (RFC 9110 §8.4.1.2), but some servers send it without the zlib frame
  ['deflate', (data, options) => promisify(((data[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(data, options)],
  ['br', (data, options) => promisify(brotliDecompress)(data, options)],
]);

/**
 * Reads and decodes a body; the limit in bytes counts raw as well as decoded, so a compressed bomb ends early.
 * @throws whatever the stream throws: a lost connection or an abort.
 */
export async function readAnswerBody(
  body: AsyncIterable<Uint8Array>,
  contentEncoding: string | undefined,
  limit: number,
): Promise<AnswerBody> {
  const tooLong: AnswerBody = { text: '', unreadable: `is longer than ${limit} bytes` };
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > limit) return tooLong;
    chunks.push(chunk);
  }
  const encodings = listed(contentEncoding);
  if (encodings.length > mostEncodings)
    return { text: '', unreadable: 'has more content encodings than anybody needs' };
  let data: Buffer = Buffer.concat(chunks);
  // Encodings are listed in the order they were applied (RFC 9110 §8.4).
  for (const encoding of encodings.reverse()) {
    const decode = decoders.get(encoding);
    if (decode === undefined) return { text: '', unreadable: `has the unknown content encoding ${encoding}` };
    try {
      data = await decode(data, { maxOutputLength: limit });
    } catch (error) {
      const bomb = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      return bomb ? tooLong : { text: '', unreadable: `is not valid ${encoding}` };
    }
  }
  return { text: new TextDecoder().decode(data) };
}

function listed(contentEncoding: string | undefined): string[] {
  return (contentEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && name !== 'identity');
}
