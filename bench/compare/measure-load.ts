import * as z from 'zod/mini';
import { callsPerEvent, linesOf, perMillion } from '../../cli/commands/cost/estimate.ts';
import type { BilledUnit, LedgerEntry } from '../../local/ledger/ledger.ts';
import { CONSUMERS_OF, PRODUCT_TYPES, type ProductType } from './catalogue.ts';
import { type CompareLab, drawnProduct } from './lab.ts';
import { namesIn } from './names.ts';
import { WAYS, type Way } from './plan.ts';
import { STACKS } from './stacks.ts';

/**
 * The load of changes, and of reads after them, by one way, without the owner's own write, which is always the same.
 */
export interface WaysLoad {
  readonly consumers: number;
  readonly way: Way;
  readonly changes: number;
  readonly readsPerChange: number;
  /** Requests to the owner's API per change: those that the change causes, and those of the reads after it. */
  readonly ownerRequests: { readonly byChange: number; readonly byReads: number };
  /** Bytes per change: of messages, published and delivered, and of the bodies of the owner's answers. */
  readonly bytes: { readonly messages: number; readonly answers: number };
  /** The cost over all services: of a change until all consumers have it, and of a read by a page. */
  readonly change: Cost;
  readonly read: Cost;
}

/** Requests to AWS's services, and dollars for a million. */
export interface Cost {
  readonly requests: number;
  readonly perMillion: number;
  /** The dollars by service. */
  readonly byService: Readonly<Partial<Record<LedgerEntry['service'], number>>>;
}

/** Counts, for each number of consumers, the requests of changes one at a time, and then of reads. */
export async function measureLoad(lab: CompareLab): Promise<WaysLoad[]> {
  const all: WaysLoad[] = [];
  for (const type of PRODUCT_TYPES) all.push(...(await loadOf(lab, type)));
  return all;
}

async function loadOf(lab: CompareLab, type: ProductType): Promise<WaysLoad[]> {
  const { changes, readsPerChange } = lab.plan.counted;
  const consumers = CONSUMERS_OF[type];
  const byChanges = await counted(lab, async () => {
    for (let change = 0; change < changes; change += 1) {
      await lab.change(type, drawnProduct(lab.plan, 'load', type, change));
      await lab.cloud.idle();
    }
  });
  const ofWays: WaysLoad[] = [];
  for (const way of WAYS) {
    const ofChange = byChanges.filter((entry) => wayOfChange(entry) === way);
    const reads = changes * readsPerChange * consumers;
    const byReads = await counted(lab, () => readAll(lab, way, type));
    const answered = callsOfOwner(ofChange) + callsOfOwner(byReads);
    ofWays.push({
      consumers,
      way,
      changes,
      readsPerChange,
      ownerRequests: { byChange: callsOfOwner(ofChange) / changes, byReads: callsOfOwner(byReads) / changes },
      bytes: {
        messages: (amountOf(ofChange, 'publishedBytes') + amountOf(ofChange, 'deliveredBytes')) / changes,
        answers: (answered * (await answerBytes(lab, type))) / changes,
      },
      change: costOf(ofChange, changes),
      read: costOf(byReads, reads),
    });
  }
  return ofWays;
}

async function counted(lab: CompareLab, work: () => Promise<void>): Promise<LedgerEntry[]> {
  lab.ledger.clear();
  await work();
  await lab.cloud.idle();
  return lab.ledger.entries();
}

/** Makes all reads of all consumers, with the consumers in parallel. */
async function readAll(lab: CompareLab, way: Way, type: ProductType): Promise<void> {
  const { changes, readsPerChange } = lab.plan.counted;
  const numbers = Array.from({ length: CONSUMERS_OF[type] }, (_, index) => index + 1);
  for (let read = 0; read < changes * readsPerChange; read += 1) {
    const id = drawnProduct(lab.plan, 'read', type, read);
    const versions = await Promise.all(numbers.map((number) => lab.read(number, way, type, id)));
    if (versions.includes(undefined)) throw new Error(`a read of ${type}/${id} by ${way} failed while the owner is up`);
  }
}

/** The way that a request of a change belongs to; `write` for the owner's own. Throws for any other request. */
function wayOfChange({ service, operation, caller, resource }: LedgerEntry): Way | 'write' {
  const names = `${caller} ${resource}`;
  const isOf = (...beginnings: readonly string[]) => beginnings.some((one) => new RegExp(`\\b${one}`).test(names));
  if (caller === 'client') return 'write';
  if (isOf(STACKS.notifier, `${STACKS.listener}\\d`, `${STACKS.owner}-Api`)) return 'notify';
  if (isOf(`${STACKS.cache}\\d`, `${STACKS.owner}-OwnerRelay`, `${STACKS.owner}-Changes`)) return 'carry';
  throw new Error(`a request that belongs to no way: ${service} ${operation} by ${caller} on ${resource}`);
}

/** How often the owner's API was invoked. */
function callsOfOwner(entries: readonly LedgerEntry[]): number {
  const calls = entries.filter(
    ({ operation, resource }) => operation === 'Invoke' && resource.startsWith(`${STACKS.owner}-Api`),
  );
  return calls.reduce((sum, { requests }) => sum + requests, 0);
}

function amountOf(entries: readonly LedgerEntry[], unit: BilledUnit): number {
  return entries.reduce((sum, { billed }) => sum + (billed[unit] ?? 0), 0);
}

function costOf(entries: readonly LedgerEntry[], events: number): Cost {
  const count = { events, entries };
  const lines = linesOf(count, (caller) => caller);
  const byService: Partial<Record<LedgerEntry['service'], number>> = {};
  for (const { service, perMillionEvents } of lines) byService[service] = (byService[service] ?? 0) + perMillionEvents;
  return { requests: callsPerEvent(count), perMillion: perMillion(lines), byService };
}

/** The bytes of the body of the owner's answer. They differ between products by a digit at most. */
async function answerBytes({ cloud, plan }: CompareLab, type: ProductType): Promise<number> {
  const answer = await cloud.functions.invoke(namesIn(cloud).api, {
    rawPath: `/${type}/${drawnProduct(plan, 'bytes')}`,
  });
  if (!answer.ok) throw new Error(answer.message);
  return Buffer.byteLength(z.object({ body: z.string() }).parse(answer.payload).body);
}
