import { setTimeout as pause } from 'node:timers/promises';
import { type CompareLab, productId } from './lab.ts';
import { arrival } from './measure-staleness.ts';
import { WAYS, type Way } from './plan.ts';

/** The interval at which a call is repeated until it returns the newest version. */
const CALL_POLL_MS = 20;

/** What is away: all functions of the consumer, all functions of the owner, or the owner's API alone. */
export const ABSENCES = ['consumer', 'owner', 'api'] as const;
export type Absence = (typeof ABSENCES)[number];

/** The names of the absences on the page. */
export const ABSENCE_NAMES: Readonly<Record<Absence, string>> = {
  consumer: 'the consumer',
  owner: 'the owner',
  api: "the owner's API alone",
};

/** How one way handled the changes that were made during an absence. */
export interface Outcome {
  readonly absence: Absence;
  readonly way: Way;
  readonly changes: number;
  readonly products: number;
  /** Reads during the absence: how many were answered, how many with the newest version. Undefined without a reader. */
  readonly whileAway: { readonly answered: number; readonly newest: number } | undefined;
  /**
   * Milliseconds from the end of the absence until a call returned, or the copy held, the newest version of each
   * product; 0 if that was already so during the absence.
   */
  readonly recoveryMs: number;
  /** How many products were read at their newest version, after the absence and once the cloud was idle. */
  readonly newestAfter: number;
  /** How many states the consumer received because of the changes; undefined for calls. */
  readonly received: number | undefined;
  /** How many messages need an operator. */
  readonly stranded: number;
}

/** Runs each absence: it begins, products change, and it ends. The last change is a deletion. */
export async function measureAbsences(lab: CompareLab): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for (const absence of ABSENCES) all.push(...(await during(lab, absence)));
  return all;
}

async function during(lab: CompareLab, absence: Absence): Promise<Outcome[]> {
  const { products: count, changesEach, seconds } = lab.plan.away;
  const before = { notify: lab.received('notify'), carry: lab.received('carry') };
  setAway(lab, absence, true);
  const endsAtMs = performance.now() + seconds * 1000;
  const newest = await makeChanges(lab);
  // Every absence has the same length, however long the changes take.
  await pause(endsAtMs - performance.now());
  const whileAway = absence === 'consumer' ? undefined : await readEach(lab, newest);
  const overAtMs = performance.now();
  setAway(lab, absence, false);
  const recovered = await recoveries(lab, newest);
  await lab.cloud.idle();
  const after = await readEach(lab, newest);
  const received = {
    call: undefined,
    notify: lab.received('notify') - before.notify,
    carry: lab.received('carry') - before.carry,
  };
  return WAYS.map((way) => ({
    absence,
    way,
    changes: count * changesEach + 1,
    products: newest.size,
    received: received[way],
    whileAway: whileAway?.[way],
    recoveryMs: whileAway?.[way].newest === newest.size ? 0 : recovered[way] - overAtMs,
    newestAfter: after[way].newest,
    stranded: way === 'notify' ? lab.stranded() : 0,
  }));
}

/** When each way has the newest version of every product. All products are polled in parallel. */
async function recoveries(lab: CompareLab, newest: ReadonlyMap<string, number>): Promise<Record<Way, number>> {
  const all = async (arrivalOf: (id: string, version: number) => Promise<number>) =>
    Math.max(...(await Promise.all([...newest].map(([id, version]) => arrivalOf(id, version)))));
  const [call, notify, carry] = await Promise.all([
    all(async (id, version) => {
      while ((await lab.read(1, 'call', 'ForOne', id)) !== version) await pause(CALL_POLL_MS);
      return performance.now();
    }),
    all((id, version) => arrival(lab, 'notify', id, version)),
    all((id, version) => arrival(lab, 'carry', id, version)),
  ]);
  return { call, notify, carry };
}

function setAway(lab: CompareLab, absence: Absence, isAway: boolean): void {
  if (absence === 'consumer') lab.setConsumer(!isAway);
  else if (absence === 'owner') lab.setOwner(isAway ? 'down' : 'up');
  else lab.setApi(!isAway);
}

/** Changes the products. Returns their newest versions by id. */
async function makeChanges(lab: CompareLab): Promise<Map<string, number>> {
  const newest = new Map<string, number>();
  const ids = Array.from({ length: lab.plan.away.products }, (_, number) => productId(number));
  for (let change = 0; change < lab.plan.away.changesEach; change += 1) {
    for (const id of ids) newest.set(id, (await lab.change('ForOne', id)).version);
  }
  const last = ids.at(-1) ?? '';
  return newest.set(last, (await lab.remove('ForOne', last)).version);
}

type Reading = Record<Way, { answered: number; newest: number }>;

async function readEach(lab: CompareLab, newest: ReadonlyMap<string, number>): Promise<Reading> {
  const reading = {
    call: { answered: 0, newest: 0 },
    notify: { answered: 0, newest: 0 },
    carry: { answered: 0, newest: 0 },
  };
  for (const way of WAYS) {
    for (const [id, version] of newest) {
      const read = await lab.read(1, way, 'ForOne', id);
      if (read !== undefined) reading[way].answered += 1;
      if (read === version) reading[way].newest += 1;
    }
  }
  return reading;
}
