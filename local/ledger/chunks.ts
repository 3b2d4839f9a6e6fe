import type { Billed } from './ledger.ts';

/** The payload of one billed request (SQS pricing: every 64 KB chunk is one request). */
const CHUNK_BYTES = 64 * 1024;

/** The billed units of a request to a queue. @param bytes the size of the messages sent or received */
export function queueRequest(isFifo: boolean, bytes: number): Billed {
  const chunks = Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
  return isFifo ? { fifoChunks: chunks } : { standardChunks: chunks };
}
