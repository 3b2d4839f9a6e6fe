import { type CompareLab, productId } from './lab.ts';
import { WAYS, type Way } from './plan.ts';

/** Who was away: the consumer with all its functions; the owner with all of its; the owner's API alone, while its changes still go out. */
export const ABSENCES = ['consumer', 'owner', 'api'] as const;
export type Absence = (typeof ABSENCES)[number];

/** What became by one way of changes that were made while somebody was away. */
export interface Outcome {
  readonly absence: Absence;
  readonly way: Way;
  readonly changes: number;
  readonly products: number;
  /** While it lasted, reads of each product once: answered, and with the newest version. Undefined: the reader itself was away. */
  readonly whileAway: { readonly answered: number; readonly newest: number } | undefined;
  /** Once it was over and nothing moved any more: products read at their newest version. */
  readonly newestAfter: number;
  /** States that came to the consumer because of the changes; undefined: it only has what it reads. */
  readonly received: number | undefined;
  /** Messages that wait for an operator. */
  readonly stranded: number;
  /** Products read at their newest version when the operator has moved those back. */
  readonly newestAfterRedrive: number;
}

/** Has somebody go away, makes changes, and has them come back. The last change is a deletion. */
export async function measureAbsences(lab: CompareLab): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for (const absence of ABSENCES) all.push(...(await during(lab, absence)));
  return all;
}

async function during(lab: CompareLab, absence: Absence): Promise<Outcome[]> {
  const before = { notify: lab.received('notify'), carry: lab.received('carry') };
  setAway(lab, absence, true);
  const newest = await makeChanges(lab);
  const changes = lab.plan.away.products * lab.plan.away.changesEach + 1;
  // What waits for a stopped function isn't waited for; callbacks that fail are, until the last of them is a dead letter.
  await lab.cloud.idle();
  const whileAway = absence === 'consumer' ? undefined : await readEach(lab, newest);
  setAway(lab, absence, false);
  await lab.cloud.idle();
  const after = await readEach(lab, newest);
  const stranded = lab.stranded();
  const received = {
    call: undefined,
    notify: lab.received('notify') - before.notify,
    carry: lab.received('carry') - before.carry,
  };
  if (stranded > 0) lab.redrive();
  await lab.cloud.idle();
  const afterRedrive = await readEach(lab, newest);
  return WAYS.map((way) => ({
    ...{ absence, way, changes, products: newest.size, received: received[way] },
    whileAway: whileAway?.[way],
    newestAfter: after[way].newest,
    stranded: way === 'notify' ? stranded : 0,
    newestAfterRedrive: afterRedrive[way].newest,
  }));
}

function setAway(lab: CompareLab, absence: Absence, isAway: boolean): void {
  if (absence === 'consumer') lab.setConsumer(!isAway);
  else if (absence === 'owner') lab.setOwner(isAway ? 'down' : 'up');
  else lab.setApi(!isAway);
}

/** The newest versions by product. */
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
