import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';

/** Checks that there is something to show. @throws UsageError if a deployment has neither an owner nor a cache */
export function requireObservable({ owners, caches, place }: Pick<Deployment, 'owners' | 'caches' | 'place'>): void {
  if (owners.length + caches.length > 0) return;
  throw new UsageError(
    `${place}: there is no owner and no cache to show. Pass stacks that contain an EntityOwner or a LocalCache.`,
  );
}
