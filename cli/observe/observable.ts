import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';

/** The parts of a deployment that `freshet status` and `freshet watch` show. */
type Observed = Pick<Deployment, 'owners' | 'caches' | 'factQueues' | 'sagas' | 'place'>;

/** Checks that there is something to show. @throws UsageError if a deployment has nothing of Freshet's to show */
export function requireObservable({ owners, caches, factQueues, sagas, place }: Observed): void {
  if (owners.length + caches.length + factQueues.length + sagas.length > 0) return;
  throw new UsageError(
    `${place}: there is nothing to show. Pass stacks that contain an EntityOwner, a LocalCache, a FactQueue or a Saga.`,
  );
}
