import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { keyItem } from 'freshet-aws/internal/adapters/aws/items';
import { messageGroupId } from 'freshet-aws/internal/core/entity';
import type { Deployment, OpenCache, OpenOwner } from '../../deployment/deployment.ts';
import { ownerTable } from '../../deployment/names.ts';
import { UsageError } from '../../errors.ts';
import { grouped } from '../../output/numbers.ts';
import { all, nameOf, stopping, unique } from './actions.ts';
import { entitiesOf, sendCopies } from './events.ts';
import { ofOwner, type Provoked, type Rehearsal } from './rehearsal.ts';

/** The alarms on an owner. */
export const OWNER_REHEARSALS: Readonly<Record<string, Rehearsal>> = {
  'relay-delay': ofOwner('stops the relay', '10 minutes', (deployment, { deployed }) =>
    stopping(deployment, deployed.relay),
  ),
  'stream-use': ofOwner('stops the relay', '2.5 hours', (deployment, { deployed }) =>
    stopping(deployment, deployed.relay),
  ),
  'outbox-growth': ofOwner('stops the relay', '2.5 hours', (deployment, { deployed }) =>
    stopping(deployment, deployed.relay),
  ),
  'not-published': ofOwner("puts an item into the owner's table without createOwner", '2 minutes', putUnreadable),
  'reports-missing': ofOwner(
    'stops the report function of a cache that may slow the owner',
    '8 minutes',
    async (deployment, owner) => stopping(deployment, (await slowing(deployment, owner)).cache.deployed.report),
  ),
  'writers-slowed': ofOwner(
    'stops the projector of a cache that may slow the owner, and sends as many copies of events to its queue as 60 % ' +
      'of its high water',
    '12 minutes',
    (deployment, owner) => fillQueue(deployment, owner, 0.6),
  ),
  'writers-refused': ofOwner(
    'stops the projector of a cache that may slow the owner, and fills its queue to the high water',
    '4 minutes',
    (deployment, owner) => fillQueue(deployment, owner, 1.05),
  ),
};

/** The relay can't read the item. The item stays in the table, because its removal couldn't be published either. */
async function putUnreadable({ clients }: Deployment, owner: OpenOwner): Promise<Provoked> {
  const { name } = owner;
  const TableName = ownerTable(owner);
  const entity = { type: 'Rehearsal', id: unique() };
  await clients.tables.send(new PutItemCommand({ TableName, Item: keyItem(entity) }));
  return {
    did: [`put the item Rehearsal/${entity.id} into ${TableName}, with a key and nothing else`],
    undo: [{ kind: 'discard', place: name, groupId: messageGroupId(entity) }],
  };
}

/** The first cache that may slow an owner, with the backlog at which the owner refuses its writers. */
async function slowing(
  deployment: Deployment,
  { name, deployed }: OpenOwner,
): Promise<{ readonly cache: OpenCache; readonly highWater: number }> {
  const { Environment } = await deployment.clients.functions.send(
    new GetFunctionConfigurationCommand({ FunctionName: deployed.governor }),
  );
  const maySlow = JSON.parse(Environment?.Variables?.MAY_SLOW_OWNER ?? '{}') as Record<string, { highWater: number }>;
  for (const [cache, { highWater }] of Object.entries(maySlow)) {
    if (deployment.caches.some((one) => one.name === cache))
      return { cache: await deployment.cacheNamed(cache), highWater };
  }
  throw new UsageError(
    `owner ${name}: no cache of this deployment may slow it (maySlowOwner), so it has no such alarm.`,
  );
}

async function fillQueue(deployment: Deployment, owner: OpenOwner, share: number): Promise<Provoked> {
  const { cache, highWater } = await slowing(deployment, owner);
  const kept = await entitiesOf(deployment, cache);
  const stopped = await stopping(deployment, cache.deployed.projector);
  const count = Math.ceil(share * highWater);
  await sendCopies(cache, kept, count);
  const did = `sent ${grouped(count)} copies of events to ${nameOf(cache.deployed.queueUrl)}`;
  return all(stopped, { did: [`${did}, whose high water is ${grouped(highWater)}`], undo: [] });
}
