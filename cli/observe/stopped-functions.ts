import { functionNames, type StoppedFunctions, stoppedAmong } from '../clients/functions.ts';
import type { Deployment } from '../deployment/deployment.ts';

/**
 * The functions that are stopped: of all functions in the local cloud, and of Freshet's own functions and
 * the handlers of effects on AWS, where an account has functions of others too.
 */
export async function readStoppedFunctions(deployment: Deployment): Promise<StoppedFunctions> {
  const { functions } = deployment.clients;
  return stoppedAmong(functions, deployment.isLocal ? await functionNames(functions) : deployedFunctions(deployment));
}

function deployedFunctions({ owners, caches, factTopics, sagas, effects }: Deployment): string[] {
  const all = [
    ...owners.flatMap(({ deployed: { relay, governor } }) => [relay, governor]),
    ...caches.flatMap(({ deployed: { projector, repair, report } }) => [projector, repair, report]),
    ...factTopics.map(({ relay }) => relay),
    ...sagas.flatMap(({ decider, deadlines }) => [decider, ...(deadlines === undefined ? [] : [deadlines])]),
    ...effects.map(({ handler }) => handler),
  ];
  return [...new Set(all)].sort();
}

/** A line of text about the functions whose concurrency may not be read; none if there are none. */
export function unreadLine(names: readonly string[]): string[] {
  if (names.length === 0) return [];
  return [
    `unknown whether stopped, because lambda:GetFunctionConcurrency is missing: ${names.slice(0, 3).join(', ')}` +
      (names.length > 3 ? ` and ${names.length - 3} more` : ''),
  ];
}
