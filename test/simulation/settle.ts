import { firstFaulty } from '../../core/repair/newer-schema.ts';
import { MAX_REDRIVE_KEYS } from '../../core/repair/operation.ts';
import type { Account } from './account.ts';
import type { HandMade } from './hand-made.ts';
import type { Operator } from './operator.ts';

/**
 * Longest virtual time in which everything must end once the faults have stopped: the owner is asked once a day for a
 * gap that hours of throttling left open.
 */
const LIMIT_MS = 30 * 3_600_000;

/** After this time, only gaps are open that no answer closes. */
const CHECKED_MS = 2 * 3_600_000;

/**
 * Lets everything end: faults stop, causes are repaired, and operators release stopped entities and redrive parked
 * events.
 *
 * @param keepsParked keeps parked events of entities that aren't stopped
 */
export async function settle(account: Account, operator: Operator, keepsParked: boolean): Promise<void> {
  const { world, caches, schedule, isQuiet, isQuietButChecks } = account;
  const { scheduler, faults } = world;
  faults.isCeased = true;
  world.isMended = true;
  schedule.wake();
  const { schemaVersion } = account.owner.table.boundary.owns.Product;
  for (const cache of caches) cache.schemaVersion = schemaVersion === 3 ? 3 : cache.schemaVersion;
  if (schemaVersion === 3) await checkSchemas(account, operator);
  const untilMs = scheduler.nowMs() + LIMIT_MS;
  const checkedMs = scheduler.nowMs() + CHECKED_MS;
  for (let pauseMs = 1_000; scheduler.nowMs() < untilMs; pauseMs = Math.min(300_000, pauseMs * 2)) {
    await scheduler.sleep(pauseMs);
    let isDone = isQuiet() && (await schedule.isDone());
    for (const cache of caches) {
      operator.moveDeadLetters(cache);
      for (const groupId of operator.parkedGroups(cache)) {
        const isStopped = cache.tables.raw.stopped.has(groupId);
        // An event whose schema version no cache will ever know would be checked for ever.
        const isChecked = operator.parkedOf(cache, groupId).some(({ reason }) => reason === 'newer-schema');
        if (keepsParked && !isStopped && !isChecked) continue;
        isDone = false;
        const tried = operator.parkedOf(cache, groupId).slice(0, MAX_REDRIVE_KEYS);
        if (isStopped) await operator.release(cache, groupId, false);
        else await operator.redrive(cache, groupId);
        await operator.discardHopeless(cache, groupId, tried);
      }
      // After the last event of a stopped entity is discarded, the entity still needs a release.
      for (const groupId of [...cache.tables.raw.stopped.keys()]) {
        isDone = false;
        await operator.release(cache, groupId, false);
      }
    }
    if (account.owner.table.boundary.epoch > 0) operator.bury();
    if (isDone && isQuiet()) return;
    // What isn't repaired is checked again and again.
    const isLate = scheduler.nowMs() > checkedMs;
    if (keepsParked && isLate && isQuietButChecks() && (await schedule.isDone())) return;
  }
  const left = caches.map(({ name, queue, deadLetters, gapQueue, pageQueue, tables, notes }) => {
    const counts = [queue, deadLetters, gapQueue, pageQueue].map((one) => Object.values(one.counts()).join('/'));
    const running = [...notes.backfills, ...notes.inventories].flatMap(([type, note]) => {
      const isRunning = 'status' in note ? note.status === 'filling' : note.endedAt === undefined;
      return isRunning ? `${type} ${JSON.stringify(note)}` : [];
    });
    if (running.length > 0) counts.push(...running);
    return `${name}: ${counts.join(' ')}, parked ${tables.raw.parked.size}, stopped ${[...tables.raw.stopped.keys()]}`;
  });
  world.ledger.violate(
    'stuck',
    `${left.join('; ')}; stream ${account.owner.waiting}, running ${world.functions.running}`,
  );
}

/** Time in which a cache tries all events again whose schema version it knows: two checks, and a repeated one. */
const SCHEMA_CHECKS_MS = 45 * 60_000;

/** Checks that no event is parked any more because its schema version was newer than its cache knew. */
async function checkSchemas({ world, caches }: Account, operator: Operator): Promise<void> {
  const { ledger, scheduler } = world;
  await scheduler.sleep(SCHEMA_CHECKS_MS);
  for (const cache of caches) {
    for (const groupId of operator.parkedGroups(cache)) {
      const first = firstFaulty(operator.parkedOf(cache, groupId));
      if (first?.reason === 'newer-schema' && !ledger.garbage.has(first.message.body)) {
        ledger.violate('schema-forgotten', `${cache.name} ${groupId}@${first.version}`);
      }
    }
  }
}

/**
 * Checks the end of a run. Before an inventory, a cache may differ only in entities of which an event was dropped on
 * purpose, or that a person changed. After an inventory it differs in nothing, even if a person changed more meanwhile.
 */
export async function checkEnd(account: Account, operator: Operator, handMade: HandMade): Promise<void> {
  const { world, caches } = account;
  const { ledger } = world;
  await settle(account, operator, false);
  for (const cache of caches) {
    const { lossy, wounds } = ledger.books[cache.name];
    for (const { groupId, problem } of operator.differences(cache)) {
      if (lossy.has(groupId) || wounds.has(groupId)) continue;
      ledger.violate('diverged', `${cache.name} ${groupId}: ${problem}`);
    }
  }
  if (ledger.violations.length > 0) return;
  for (const cache of caches) handMade.certainly(cache);
  await Promise.all(caches.flatMap((cache) => cache.types.map((type) => operator.inventory(cache, type))));
  await settle(account, operator, false);
  for (const cache of caches) {
    const { name, tables } = cache;
    for (const { groupId, problem } of operator.differences(cache)) {
      ledger.violate('diverged', `${name} ${groupId}, after an inventory: ${problem}`);
    }
    for (const [groupId, { wanted }] of tables.gaps) ledger.violate('gap-left', `${name} ${groupId}@${wanted}`);
    for (const groupId of tables.raw.stopped.keys()) ledger.violate('marker-left', `${name} ${groupId} is stopped`);
    for (const { message } of tables.raw.parked.values()) ledger.violate('marker-left', `${name} ${message.groupId}`);
    for (const body of ledger.books[name].expected) {
      if (!ledger.books[name].finals.has(body)) ledger.violate('no-final-outcome', `${name}: ${body.slice(0, 200)}`);
    }
  }
}
