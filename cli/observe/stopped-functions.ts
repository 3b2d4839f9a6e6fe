import { functionNames, type StoppedFunctions, stoppedAmong } from '../clients/functions.ts';
import type { Deployment } from '../deployment/deployment.ts';

/**
 * The functions that are stopped: of all functions in the local cloud, and of Freshet's own functions and
 * the handlers of effects on AWS, where an account has functions of others too.
 *
 * @param isStopped default: a request for each function
 */
export async function readStoppedFunctions(
  deployment: Deployment,
  isStopped?: (name: string) => Promise<boolean | undefined>,
): Promise<StoppedFunctions> {
  const { functions } = deployment.clients;
  const names = deployment.isLocal ? await functionNames(functions) : deployedFunctions(deployment);
  return stoppedAmong(functions, names, isStopped);
}

/** Freshet's own functions of a deployment, and the handlers of effects. */
export function deployedFunctions({ owners, caches, factTopics, sagas, effects }: Deployment): string[] {
  const all = [
    ...owners.flatMap(({ deployed: { relay, governor, repair, adopter, surveyor } }) =>
      [relay, governor, repair, adopter, surveyor].filter((name) => name !== undefined),
    ),
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
    `unknown whether stopped (lambda:GetFunctionConcurrency is missing or throttled): ${names.slice(0, 3).join(', ')}` +
      (names.length > 3 ? ` and ${names.length - 3} more` : ''),
  ];
}
