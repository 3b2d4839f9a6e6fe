import { cachedType } from 'freshet-aws/internal/core/contract/define-boundary';
import { type EntityRef, entityName } from 'freshet-aws/internal/core/entity';
import { FreshetError, type FreshetErrorCode, quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../errors.ts';
import type { FactQueue, FoundCache, FoundOwner, OpenCache, OpenOwner } from './deployment.ts';

/** See `Deployment.ownerOf`. */
export async function ownerOf(
  owners: readonly FoundOwner[],
  caches: readonly FoundCache[],
  type: string,
): Promise<OpenOwner> {
  const opened = await Promise.all(owners.map((owner) => owner.open()));
  const found = onlyOne(
    opened.filter(({ boundary }) => Object.hasOwn(boundary.owns, type)),
    `owners own ${quoted(type)}`,
  );
  if (found !== undefined) return found;
  const owned = opened.map(({ name, boundary }) => `${name} owns ${Object.keys(boundary.owns).join(', ')}`).join('; ');
  const [keeper] = await cachesOf(caches, type);
  const elsewhere = keeper?.boundary.caches[type]?.contract.owner;
  throw new FreshetError(
    elsewhere === undefined
      ? `type: no owner in this deployment owns ${quoted(type)}. Owners in this deployment: ${owned || 'none'}.`
      : `type: ${quoted(type)} is owned by ${elsewhere}, which isn't part of this deployment. Only the owner can ` +
          `write or publish the type. Owners in this deployment: ${owned || 'none'}.`,
    { code: 'UnknownEntityType', field: 'type' },
  );
}

/** See `Deployment.cachesOf`. */
export async function cachesOf(caches: readonly FoundCache[], type: string): Promise<OpenCache[]> {
  const opened = await Promise.all(caches.map((cache) => cache.open()));
  return opened.filter(({ boundary }) => Object.hasOwn(boundary.caches, type));
}

/** See `Deployment.findOwner`. */
export function findOwner(owners: readonly FoundOwner[], name: string): FoundOwner {
  return named(owners, name, 'owner', 'UnknownOwner');
}

/** See `Deployment.findCache`. */
export function findCache(caches: readonly FoundCache[], name: string): FoundCache {
  return named(caches, name, 'cache', 'UnknownCache');
}

/**
 * Finds the owner whose table has an entity, or had it. This needs no contracts, because only an owner's table has it.
 * An owner that can't be read, such as one whose database is away, fails the search unless one of another name has it.
 *
 * @returns undefined if no table has had the entity
 */
export async function holderOf<T extends Pick<FoundOwner, 'name' | 'deployed' | 'records'>>(
  owners: readonly T[],
  entity: EntityRef,
): Promise<T | undefined> {
  const held = await Promise.allSettled(owners.map(({ records }) => records.get(entity)));
  const found = owners.filter((_, index) => {
    const one = held[index];
    return one?.status === 'fulfilled' && one.value !== undefined;
  });
  const [first] = found;
  for (const [index, one] of held.entries()) {
    if (one.status === 'rejected' && (first === undefined || owners[index]?.name === first.name)) throw one.reason;
  }
  return onlyOne(found, `owners have ${entityName(entity)}`);
}

/** The table of an owner's entities. @throws UsageError if the entities are in PostgreSQL */
export function ownerTable({ name, deployed }: Pick<FoundOwner, 'name' | 'deployed'>): string {
  if (deployed.table !== undefined) return deployed.table;
  throw new UsageError(`owner ${name}: its entities are in PostgreSQL. This works with a table in DynamoDB only.`);
}

/**
 * Returns the only one that was found. A command must not choose between the stages of an app, such as test and
 * production.
 *
 * @param what what several of them are or have, after their number: `caches are named "ordering"`
 * @throws UsageError that lists the stacks, if there are several
 */
export function onlyOne<T extends Pick<FoundOwner | FoundCache | FactQueue, 'deployed'>>(
  found: readonly T[],
  what: string,
): T | undefined {
  if (found.length < 2) return found[0];
  // The output of a queue of facts doesn't name its stack, but CloudFormation's name for the queue begins with it.
  const places = found.map(({ deployed }) =>
    'stack' in deployed ? `stack ${deployed.stack}` : `queue ${deployed.queueUrl.split('/').at(-1)}`,
  );
  throw new UsageError(
    `${found.length} ${what}: ${places.join(', ')}. Pass the stack of only one of them with --stack. On the local ` +
      'cloud, run only the stacks of one of them: freshet up --stacks.',
  );
}

function named<T extends FoundOwner | FoundCache>(
  all: readonly T[],
  name: string,
  field: 'owner' | 'cache',
  code: FreshetErrorCode,
): T {
  const found = onlyOne(
    all.filter((one) => one.name === name),
    `${field}s are named ${quoted(name)}`,
  );
  if (found !== undefined) return found;
  const known = all.map((one) => one.name).join(', ') || 'none';
  throw new FreshetError(`${field}: there is no ${field} named ${quoted(name)}. Known: ${known}.`, { code, field });
}

/**
 * The types that a command works on: the given one, or all types that the cache keeps.
 *
 * @throws FreshetError `UnknownEntityType` if the cache doesn't keep the type
 */
export function typesToWorkOn({ boundary }: OpenCache, only: string | undefined): readonly string[] {
  if (only === undefined) return Object.keys(boundary.caches);
  cachedType(boundary, only);
  return [only];
}
