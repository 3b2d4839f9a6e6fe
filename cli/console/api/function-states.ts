import { pausedAmong } from '../../clients/functions.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import type { Parts } from '../../observe/parts.ts';
import type { Ask } from '../../observe/remembered.ts';
import { deployedFunctions, readStoppedFunctions, unreadLine } from '../../observe/stopped-functions.ts';
import type { FunctionDocument, FunctionState } from './documents.ts';
import type { StoppedReads } from './stopped-reads.ts';

/** The states of functions at a time. */
export interface FunctionStates {
  /** A function with its state. */
  of(name: string): FunctionDocument;
  /** All functions that are stopped. */
  readonly stopped: readonly string[];
  /** What could not be read. */
  readonly unread: readonly string[];
}

/**
 * In the local cloud, reading the states is cheap. On AWS each state is a request, and Lambda answers 15 of them a
 * second for the whole account (lambda/gettingstarted-limits): the console takes two a second at most.
 */
const STOPPED = { localMs: 3_000, awsMs: 30_000 };
const AWS_MS_PER_FUNCTION = 500;

/**
 * The mappings of more functions are read together with all mappings of the account, 100 with a request. Those of a few
 * functions are read one by one, because an account may have thousands.
 */
const FEW_FUNCTIONS = 10;

const PAUSED = { localMs: 1_000, awsMs: 30_000 };

/** Creates the part that reads the states of functions: whether they are stopped, and whether a mapping is paused. */
export function createFunctionStates(
  deployment: Deployment,
  parts: Parts,
  isStopped: StoppedReads,
): Ask<FunctionStates> {
  const { isLocal, clients } = deployment;
  const awsMs = Math.max(STOPPED.awsMs, AWS_MS_PER_FUNCTION * deployedFunctions(deployment).length);
  const stopped = parts.one('states of functions', { ...STOPPED, awsMs }, (nowMs, progress) =>
    readStoppedFunctions(deployment, (name) => isStopped(name, nowMs).finally(progress)),
  );
  const mapped = mappedFunctions(deployment);
  const paused = parts.one('event source mappings', PAUSED, () =>
    pausedAmong(clients.functions, mapped, isLocal || mapped.length > FEW_FUNCTIONS),
  );
  return async (nowMs) => {
    const [found, held] = await Promise.all([stopped(nowMs), paused(nowMs)]);
    const stateOf = (name: string): FunctionState => {
      if (found?.stopped.includes(name)) return 'stopped';
      if (held?.includes(name)) return 'paused';
      return found === undefined || held === undefined || found.unknown.includes(name) ? 'unknown' : 'running';
    };
    return {
      of: (name) => ({ name, state: stateOf(name) }),
      stopped: found?.stopped ?? [],
      unread: unreadLine(found?.unknown ?? []),
    };
  };
}

/** The functions that the flow shows. Each reads a stream or a queue by one event source mapping. */
function mappedFunctions({ owners, caches, factTopics, sagas }: Deployment): string[] {
  return [
    ...owners.map(({ deployed }) => deployed.relay),
    ...caches.map(({ deployed }) => deployed.projector),
    ...factTopics.map(({ relay }) => relay),
    ...sagas.map(({ decider }) => decider),
  ];
}
