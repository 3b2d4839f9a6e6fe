import { readDeployed } from 'freshet-aws/internal/adapters/aws/stack-output';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import type { RoleOf } from './estimate.ts';

const MAPPING = 'mapping of ';

/**
 * Names the functions of a cloud by their roles, the same for all caches: `relay`, `projector`, `report`, `governor`.
 * The sample is the `writer`.
 */
export function rolesIn({ outputs }: Pick<LocalCloud, 'outputs'>): RoleOf {
  const roles = new Map([
    ['client', 'writer'],
    ['sns', 'topic'],
  ]);
  for (const value of Object.values(outputs).flatMap((ofStack) => Object.values(ofStack))) {
    const deployed = readDeployed(value);
    if (deployed === undefined) continue;
    for (const role of ['relay', 'governor', 'projector', 'repair', 'report'] as const) {
      if (role in deployed) roles.set(String((deployed as Readonly<Record<string, unknown>>)[role]), role);
    }
  }
  return (caller, resource) => {
    const name = caller === 'lambda' ? resource : caller.startsWith(MAPPING) ? caller.slice(MAPPING.length) : caller;
    return roles.get(name) ?? name;
  };
}
