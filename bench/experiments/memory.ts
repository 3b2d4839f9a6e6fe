import { randomBytes } from 'node:crypto';
import type { Owner } from '../../adapters/own/owner.ts';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { sideBySide } from '../../core/side-by-side.ts';
import geography from '../../examples/shop/geography/contracts.ts';
import { startLocalCloud } from '../../local/cloud.ts';
import { collectEarly } from '../../local/collect-early.ts';
import { cloudClient, ownerIn } from '../../local/deployed.ts';
import { setBenchCredentials } from '../support/account.ts';
import { synthesised } from '../support/assembly.ts';
import { countryId, countryState } from '../support/events.ts';

/**
 * How much memory the local cloud takes while large states pass through it: `npm run experiment:memory`. The states
 * can't be compressed, so each message has 340 KB.
 */
const ENTITIES = 300;
const VERSIONS = 2;
const BYTES = 192_000;
const NAMES = 2_000;
const WRITERS = 8;
const SAMPLE_MS = 20;

collectEarly();
setBenchCredentials();
const cloud = await startLocalCloud({ assembly: await synthesised() });
const client = cloudClient(cloud);
const owner: Owner = createOwner({ boundary: geography, tableName: ownerIn(cloud, geography).table, client });
const before = megabytes().whole;
let peak = megabytes();
const sampler = setInterval(() => {
  const now = megabytes();
  if (now.whole > peak.whole) peak = now;
}, SAMPLE_MS);
for (let version = 0; version < VERSIONS; version += 1) {
  const numbers = Array.from({ length: ENTITIES }, (_, number) => number);
  await sideBySide(numbers, WRITERS, (number) => {
    const capital = Array.from({ length: NAMES }, () => randomBytes(BYTES / NAMES).toString('base64'));
    return owner.put('Country', countryId(number), { ...countryState(number, version), capital });
  });
}
await cloud.idle();
clearInterval(sampler);
client.destroy();
await cloud.stop();
console.log(`${ENTITIES * VERSIONS} changes of ${Math.round((BYTES * 4) / 3000)} KB`);
console.log(`before the first: ${before} MB`);
console.log(`at the peak: ${peak.whole} MB, of it ${peak.heap} MB in the heap of the main thread, with the queues`);

/** Resident memory of the process, and the heap of its main thread. */
function megabytes(): { readonly whole: number; readonly heap: number } {
  const { rss, heapUsed } = process.memoryUsage();
  return { whole: Math.round(rss / 1e6), heap: Math.round(heapUsed / 1e6) };
}
