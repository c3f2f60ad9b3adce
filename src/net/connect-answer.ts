import type { Socket } from 'node:net';

/** What a proxy says in the end, and what came after it. */
export interface ConnectAnswer {
  readonly status: number;
  readonly rest: Buffer;
}

/** Bytes of all heads together; as many as Node takes for one. */
const longestHeads = 16 * 1024;
const endOfHead = '\r\n\r\n';

/** An answer before the final one (RFC 9110 §15.2); 101 is final, because what follows it is another protocol. */
export function isInformational(status: number): boolean {
  return status >= 100 && status < 200 && status !== 101;
}

/**
 * Reads on after an informational answer to CONNECT, and passes over the others of that kind (RFC 9110 §15.2): Node hands
 * the connection over with the first answer, whatever that is.
 * @param socket stays open and unread beyond the answer; has an error listener
 * @param head what has come after the first answer
 * @throws Error (in the promise) with a code: ECONNRESET when it ends before, HPE_… when that is not HTTP; the caller limits the time
 */
export function finalAnswer(socket: Socket, head: Buffer): Promise<ConnectAnswer> {
  return new Promise((resolve, reject) => {
    let [seen, all] = [head, head.length];
    const settle = (outcome: () => void): void => {
      // 'readable' and not 'data': once it is taken off, the socket flows again for whoever listens next
      socket.off('readable', read).off('close', closed);
      outcome();
    };
    const closed = (): void => settle(() => reject(problem('ECONNRESET')));
    const read = (): void => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        all += chunk.length;
        seen = Buffer.concat([seen, chunk]);
      }
      judge();
    };
    const judge = (): void => {
      let status: number | undefined = 100;
      while (status !== undefined && isInformational(status)) {
        const end = seen.indexOf(endOfHead);
        if (end < 0) {
          if (all > longestHeads) settle(() => reject(problem('HPE_HEADER_OVERFLOW')));
          return;
        }
        status = statusOf(seen.toString('latin1', 0, end));
        seen = seen.subarray(end + endOfHead.length);
      }
      const final = status;
      settle(() => {
        if (final === undefined) reject(problem('HPE_INVALID_CONSTANT'));
        else resolve({ status: final, rest: seen });
      });
    };
    socket.on('readable', read).on('close', closed);
    judge();
  });
}

function statusOf(head: string): number | undefined {
  const found = /^HTTP\/1\.[01] (\d{3})(?:[ \r]|$)/.exec(head)?.[1];
  return found === undefined ? undefined : Number(found);
}

function problem(code: string): Error {
  return Object.assign(new Error('no final answer to CONNECT'), { code });
}
