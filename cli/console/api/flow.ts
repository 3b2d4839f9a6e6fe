import type { Deployment } from '../../deployment/deployment.ts';
import { readAlarms, runbookEntry } from '../../observe/alarms.ts';
import { createParts } from '../../observe/parts.ts';
import type { FlowDocument } from './documents.ts';
import { EVERY } from './every.ts';
import { createCachesLook } from './flow-caches.ts';
import { createFactsLook } from './flow-facts.ts';
import { createOwnersLook } from './flow-owners.ts';
import { createFunctionStates } from './function-states.ts';
import type { StoppedReads } from './stopped-reads.ts';

/**
 * Creates the read of the flow. It remembers what it needs from earlier reads. A part that can't be read is null or 0,
 * and is named in `unread`; if nothing can be read, the read rejects.
 */
export function createFlowRead(deployment: Deployment, isStopped: StoppedReads): () => Promise<FlowDocument> {
  const parts = createParts(deployment);
  const functions = createFunctionStates(deployment, parts, isStopped);
  const ownersLook = createOwnersLook(deployment, parts);
  const cachesLook = createCachesLook(deployment, parts);
  const factsLook = createFactsLook(deployment, parts);
  const alarms = parts.one('alarms', EVERY.alarms, () => readAlarms(deployment));
  return async () => {
    const nowMs = Date.now();
    const [{ owners, decisions }, caches, facts, raised, { stopped, unread }] = await Promise.all([
      ownersLook(nowMs, functions),
      cachesLook(nowMs, functions),
      factsLook(nowMs, functions),
      alarms(nowMs),
      functions(nowMs),
    ]);
    parts.requireSome();
    return {
      at: new Date(nowMs).toISOString(),
      owners,
      caches: caches(decisions),
      ...facts,
      alarms: raised?.map((alarm) => ({ ...alarm, runbookEntry: runbookEntry(alarm.description) ?? null })) ?? null,
      stoppedFunctions: stopped,
      unread: [...parts.unread(), ...unread],
    };
  };
}
