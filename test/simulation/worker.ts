import { parentPort } from 'node:worker_threads';
import { summaryOf } from './summary.ts';

/** Runs batches of seeds that the main thread sends. */
parentPort?.on('message', async ({ first, count }: { first: number; count: number }) => {
  parentPort?.postMessage(await summaryOf(first, count));
});
