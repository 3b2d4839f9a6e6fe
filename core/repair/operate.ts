import { cachedType } from '../contract/define-boundary.ts';
import { entityRef } from '../entity.ts';
import { FreshetError } from '../errors.ts';
import type { Projection } from '../project/group.ts';
import type { Operation } from './operation.ts';
import { isSameKey } from './parked-key.ts';
import { type Redriven, type Released, type RepairPorts, redrive, release } from './redrive.ts';

/** The answer of the repair function. `refused`: the request is invalid, and nothing was done. */
export type OperationResult =
  | { readonly redriven: readonly Redriven[] }
  | Released
  | { readonly noted: true }
  | { readonly refused: string };

/** Carries out an operator's request at a cache. */
export async function operate<S>(
  projection: Projection,
  repair: RepairPorts & {
    /** Reads the state of a backfill; undefined for anything else. */
    parseReadiness(state: unknown): S | undefined;
    noteReadiness(type: string, state: S): Promise<{ readonly noted: true } | { readonly refused: string }>;
  },
  operation: Operation,
): Promise<OperationResult> {
  try {
    switch (operation.operation) {
      case 'redrive': {
        const groups = [...new Set(operation.keys.map(({ groupId }) => groupId))];
        const parked = (await Promise.all(groups.map((group) => repair.parkedOf(group)))).flat();
        const events = parked.filter(({ message }) => operation.keys.some((key) => isSameKey(key, message)));
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
        return await repair.noteReadiness(operation.type, state);
      }
    }
  } catch (error) {
    if (error instanceof FreshetError) return { refused: error.message };
    throw error;
  }
}
