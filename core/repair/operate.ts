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
  repair: RepairPorts & { noteReadiness(type: string, state: S): Promise<void> },
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
        await repair.noteReadiness(operation.type, operation.state as S);
        return { noted: true };
      }
    }
  } catch (error) {
    if (error instanceof FreshetError) return { refused: error.message };
    throw error;
  }
}
