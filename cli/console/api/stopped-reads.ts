import { isStopped } from '../../clients/functions.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { type Ask, rememberedFor } from '../../observe/remembered.ts';

/** Reads whether a function is stopped; undefined if that may not be read, or if Lambda throttles the reads. */
export type StoppedReads = (functionName: string, nowMs: number) => Promise<boolean | undefined>;

/** On AWS, Lambda answers few of these requests a second, and the flow and each entity need the same ones. */
const EVERY_MS = 15_000;

/** Creates the reads, which the flow, the entities and their ways share. In the local cloud, nothing is remembered. */
export function createStoppedReads({ clients, isLocal }: Pick<Deployment, 'clients' | 'isLocal'>): StoppedReads {
  const known = new Map<string, Ask<boolean | undefined>>();
  return (name, nowMs) => {
    if (isLocal) return isStopped(clients.functions, name);
    const ask = known.get(name) ?? rememberedFor(EVERY_MS, () => isStopped(clients.functions, name));
    known.set(name, ask);
    return ask(nowMs);
  };
}
