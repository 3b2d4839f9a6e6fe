import { cachedType } from '../contract.ts';
import { entityRef } from '../entity.ts';
import { FreshetError } from '../errors.ts';
import type { Projection } from '../project/group.ts';
import type { Operation } from './operation.ts';
import { type Redriven, type Released, type RepairPorts, redrive, release } from './redrive.ts';

/** What the repair function answers. `refused`: the request can't be met, and nothing was done. */
export type OperationResult =
  | { readonly redriven: readonly Redriven[] }
  | Released
  | { readonly noted: true }
  | { readonly refused: string };

/** Does what an operator asks of a cache. */
export async function operate<S>(
  projection: Projection,
  repair: RepairPorts & {
    /** undefined for what is no note of a backfill. */
    parseReadiness(state: unknown): S | undefined;
    noteReadiness(type: string, state: S): Promise<void>;
  },
  operation: Operation,
): Promise<OperationResult> {
  try {
    switch (operation.operation) {
      case 'redrive': {
        const groups = [...new Set(operation.keys.map(({ groupId }) => groupId))];
        const aside = (await Promise.all(groups.map((group) => repair.asideOf(group)))).flat();
        const asked = new Set(operation.keys.map(({ groupId, sequenceNumber }) => `${groupId} ${sequenceNumber}`));
        const events = aside.filter(({ message }) => asked.has(`${message.groupId} ${message.sequenceNumber}`));
        return { redriven: await redrive(projection, repair, events) };
      }
      case 'release': {
        cachedType(projection.boundary, operation.type);
        return await release(projection, repair, entityRef(operation.type, operation.id), operation.drop);
      }
      case 'readiness': {
        cachedType(projection.boundary, operation.type);
        const state = repair.parseReadiness(operation.state);
        if (state === undefined) return { refused: 'state: not a note of a backfill' };
        await repair.noteReadiness(operation.type, state);
        return { noted: true };
      }
    }
  } catch (error) {
    if (error instanceof FreshetError) return { refused: error.message };
    throw error;
  }
}
