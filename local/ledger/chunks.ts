import type { Billed } from './ledger.ts';

/** Payload that counts as one request, bytes (SQS pricing: every 64 KB chunk is one request). */
const CHUNK_BYTES = 64 * 1024;

/** What a request to a queue is billed. @param bytes of the messages that it carries, there or back */
export function queueRequest(isFifo: boolean, bytes: number): Billed {
  const chunks = Math.max(1, Math.ceil(bytes / CHUNK_BYTES));
  return isFifo ? { fifoChunks: chunks } : { standardChunks: chunks };
}
