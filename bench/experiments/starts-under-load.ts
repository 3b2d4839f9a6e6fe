import { Worker } from 'node:worker_threads';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { synthesise } from '../../local/synthesise.ts';

/**
 * Starts the shop's local cloud again and again while busy loops take the processors, and counts the starts that
 * succeed: `node --conditions=freshet-source --import tsx bench/experiments/starts-under-load.ts [starts] [loops]`.
 */
const [starts = 20, loops = 20] = process.argv.slice(2).map(Number);
/** The loops end by themselves if this process is killed. */
const LONGEST_MS = 15 * 60_000;

const assembly = await synthesise('.');
const busy = `const end = Date.now() + ${LONGEST_MS}; while (Date.now() < end);`;
const workers = Array.from({ length: loops }, () => new Worker(busy, { eval: true }));
let good = 0;
try {
  for (let n = 1; n <= starts; n += 1) {
    const beginMs = performance.now();
    let cloud: LocalCloud | undefined;
    let engine = '';
    try {
      const onProgress = (line: string) => {
        if (line.startsWith('DynamoDB')) engine = line.includes('in memory') ? 'in memory' : 'indexed';
      };
      cloud = await startLocalCloud({ assembly, onProgress });
      good += 1;
      console.log(`start ${n}: ${Math.round(performance.now() - beginMs)} ms, ${engine}`);
    } catch (error) {
      console.log(`start ${n}: failed: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await cloud?.stop();
    }
  }
} finally {
  await Promise.all(workers.map((worker) => worker.terminate()));
}
console.log(`${good} of ${starts} starts under ${loops} busy loops`);
process.exitCode = good === starts ? 0 : 1;
