import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';

/** @throws UsageError if a deployment has neither an owner nor a cache, so that there is nothing to show */
export function requireObservable({ owners, caches, place }: Pick<Deployment, 'owners' | 'caches' | 'place'>): void {
  if (owners.length + caches.length > 0) return;
  throw new UsageError(
    `${place}: no owner and no cache to show. Give the stacks that hold an EntityOwner or a LocalCache.`,
  );
}
