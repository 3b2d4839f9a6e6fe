import type { Boundary } from '../../core/contract/contract.ts';
import type { Projection } from '../../core/project/group.ts';
import type { ProjectPorts } from '../../core/project/ports.ts';

/** A projection with everything but its cache. Any outcome other than a write ends the run. */
export function projecting(boundary: Boundary, cache: Pick<ProjectPorts, 'read' | 'write'>): Projection {
  const unexpected = async (...given: unknown[]): Promise<never> => {
    throw new Error(`not expected in a benchmark: ${JSON.stringify(given)}`);
  };
  return {
    boundary,
    ports: {
      ...cache,
      park: unexpected,
      stop: unexpected,
      hold: unexpected,
      requestResync: unexpected,
      awaitSchema: unexpected,
      beginAlone: unexpected,
      endAlone: unexpected,
      postpone: async () => {},
    },
    settings: {
      tombstoneLifeSeconds: 60 * 86_400,
      maxEventAgeSeconds: 59 * 86_400,
      budget: { attempts: 12, ageSeconds: 3_600 },
      newerSchemaWaitSeconds: 3_600,
    },
    isTransient: () => false,
    nowMs: Date.now,
  };
}
