import { request } from 'node:http';
import { Duplex } from 'node:stream';
import type { Reading } from '../net/http1/reading.ts';

/** What Node's own client makes of an answer; `refused` says why. */
export type NodeReading = Omit<Reading, 'rest'> & { refusal: string };

/** Has Node's own client (llhttp) read an answer whose connection ends behind it; without a network. */
export function readByNode(bytes: Buffer, method: string): Promise<NodeReading> {
  return new Promise((resolve) => {
    const reading: NodeReading = { heads: [], body: '', trailers: [], end: 'open', refusal: '' };
    const socket = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
    const fail = (error: Error): void => {
      if (reading.end === 'over') return;
      reading.end = 'code' in error && String(error.code).startsWith('HPE_') ? 'refused' : 'open';
      reading.refusal ||= 'code' in error ? `${error.code} ${error.message}` : error.message;
    };
    const asked = request({ method, path: '/', headers: { host: 'x' }, createConnection: () => socket });
    asked.on('information', ({ statusCode, statusMessage, rawHeaders }) => {
      reading.heads.push([statusCode, statusMessage, rawHeaders]);
    });
    asked.on('response', (response) => {
      const { statusCode = 0, statusMessage = '', rawHeaders } = response;
      reading.heads.push([statusCode, statusMessage, rawHeaders]);
      response.on('data', (piece: Buffer) => {
        reading.body += piece.toString('latin1');
      });
      response.on('error', fail);
      response.on('end', () => {
        if (!response.complete) return;
        reading.end = 'over';
        reading.trailers = response.rawTrailers;
      });
    });
    asked.on('error', fail);
    asked.on('close', () => resolve(reading));
    asked.on('socket', () => {
      setImmediate(() => {
        socket.push(bytes);
        socket.push(null);
      });
    });
    asked.end();
  });
}
