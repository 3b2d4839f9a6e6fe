import { parentPort } from 'node:worker_threads';
import { summaryOf } from './summary.ts';

/** Runs the seeds that it is given, batch by batch. */
parentPort?.on('message', async ({ first, count }: { first: number; count: number }) => {
  parentPort?.postMessage(await summaryOf(first, count));
});
