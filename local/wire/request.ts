import type { IncomingMessage } from 'node:http';
import type { Answer } from './errors.ts';

/**
 * The largest message or batch is 1 MiB. JSON needs up to six bytes for one byte (`\\u0009`), so 8 MiB also leave room
 * for the rest of the request.
 */
const MAX_BODY_BYTES = 8 * 1_048_576;

/** Whether the Host header names this machine. A web page that uses DNS rebinding sends another host. */
export function namesThisMachine({ headers }: IncomingMessage): boolean {
  const host = headers.host?.replace(/:\d+$/, '');
  return host === '127.0.0.1' || host === 'localhost';
}

/** Whether the request names this machine and doesn't come from a web page (CSRF). */
export function isOwnHost(request: IncomingMessage): boolean {
  return request.headers.origin === undefined && namesThisMachine(request);
}

/** Reads the whole body as UTF-8, unless it exceeds the limit or the client disconnects. */
export async function readBody(request: IncomingMessage): Promise<{ text: string } | 'tooLong' | 'aborted'> {
  const body = await readBytes(request, MAX_BODY_BYTES);
  return typeof body === 'string' ? body : { text: body.toString() };
}

/** Reads the whole body, unless it exceeds the limit or the client disconnects. */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | 'tooLong' | 'aborted'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else resolve('tooLong');
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => resolve('aborted'));
    request.on('error', () => resolve('aborted'));
  });
}

export function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

/** The answer to a body that is too long. It also closes the connection, because the rest of the body isn't read. */
export function tooLong(): Answer {
  const answer = json(413, { message: `The request body is too long. Allowed: ${MAX_BODY_BYTES} bytes.` });
  return { ...answer, headers: { ...answer.headers, connection: 'close' } };
}
