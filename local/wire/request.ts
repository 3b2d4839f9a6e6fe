import type { IncomingMessage } from 'node:http';
import type { Answer } from './errors.ts';

/** 1 MiB, the largest message or batch, with every byte escaped in JSON (`\\u0009`), and some room. */
const MAX_BODY_BYTES = 8 * 1_048_576;

/** Whether the request is meant for this machine and does not come from a web page (DNS rebinding, CSRF). */
export function isOwnHost(request: IncomingMessage): boolean {
  const host = request.headers.host?.replace(/:\d+$/, '');
  return request.headers.origin === undefined && (host === '127.0.0.1' || host === 'localhost');
}

/** Reads the whole body as UTF-8, unless it exceeds the limit or the client goes away. */
export function readBody(request: IncomingMessage): Promise<{ text: string } | 'tooLong' | 'aborted'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else resolve('tooLong');
    });
    request.on('end', () => resolve({ text: Buffer.concat(chunks).toString() }));
    request.on('close', () => resolve('aborted'));
    request.on('error', () => resolve('aborted'));
  });
}

export function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

/** Also ends the connection, since the rest of the body is not read. */
export function tooLong(): Answer {
  const answer = json(413, { message: `The request body is too long. Allowed: ${MAX_BODY_BYTES} bytes.` });
  return { ...answer, headers: { ...answer.headers, connection: 'close' } };
}
