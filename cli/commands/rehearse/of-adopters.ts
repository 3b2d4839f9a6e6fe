import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { COPY_ATTRIBUTE, createCopyTable } from 'freshet-aws/internal/adapters/adopt/copy-table';
import { ATTRIBUTE, type Item, itemEntity, keyItem, readStamp } from 'freshet-aws/internal/adapters/aws/items';
import { invokeLater } from 'freshet-aws/internal/adapters/aws/lambda-client';
import { listType } from 'freshet-aws/internal/adapters/aws/list';
import { adoptedTypes } from 'freshet-aws/internal/core/contract/define-boundary';
import { type EntityRef, entityName } from 'freshet-aws/internal/core/entity';
import { isTombstone } from 'freshet-aws/internal/core/own/own';
import type { Surveys } from '../../clients/surveys.ts';
import type { Deployment, OpenOwner } from '../../deployment/deployment.ts';
import { ownerTable } from '../../deployment/names.ts';
import { UsageError } from '../../errors.ts';
import { all, stopping } from './actions.ts';
import { ofOwner, type Rehearsal } from './rehearsal.ts';

/** The alarms on an owner that adopts an existing table. */
export const ADOPTER_REHEARSALS: Readonly<Record<string, Rehearsal>> = {
  'adopter-delay': ofOwner(
    'stops the adopter of an existing table, and invokes it without a change, as Lambda does with changes',
    '9 minutes',
    async (deployment, owner) => {
      const adopter = adopted(owner, owner.deployed.adopter);
      const stopped = await stopping(deployment, adopter);
      await invokeLater(deployment.clients.functions, adopter, { Records: [] });
      return all(stopped, {
        did: [`invoked ${adopter} with no records, which Lambda tries again and again`],
        undo: [],
      });
    },
  ),
  'adopter-stopped': ofOwner('stops the adopter of an existing table', '7 minutes', (deployment, owner) =>
    stopping(deployment, adopted(owner, owner.deployed.adopter)),
  ),
  'survey-overdue': ofOwner('stops the surveyor of an existing table', '7 minutes', (deployment, owner) =>
    stopping(deployment, adopted(owner, owner.deployed.surveyor)),
  ),
  'survey-mended': ofOwner(
    "raises the base of a copy in the owner's table, so that its version doesn't count from the item's, and starts a " +
      'survey',
    '3 minutes',
    async (deployment, owner) => {
      const surveys = adopted(owner, owner.surveys);
      await assertNoSurvey(owner, surveys);
      const did = await misplaceBase(deployment, owner);
      await surveys.begin();
      return { did: [did, `started a survey of the table of ${owner.name}, which mends the copy`], undo: [] };
    },
  ),
};

/** A function of an adopted table, or its surveys. */
function adopted<T>({ name }: OpenOwner, part: T | undefined): T {
  if (part !== undefined) return part;
  throw new UsageError(`owner ${name}: it adopts no table, so it has no such alarm.`);
}

/** A survey that runs may have passed the copy already, and the first one raises no alarm. */
async function assertNoSurvey({ name }: OpenOwner, surveys: Surveys): Promise<void> {
  const note = await surveys.note();
  if (note?.endedAtMs === undefined)
    throw new UsageError(`owner ${name}: a survey of its table runs. Try again when it has ended.`);
}

/** A survey then finds that the copy's version isn't the item's, and commits the state as the next version. */
async function misplaceBase({ clients }: Deployment, owner: OpenOwner): Promise<string> {
  const tableName = ownerTable(owner);
  const entity = await firstCopy({ client: clients.tables, tableName }, owner);
  const copy = await createCopyTable({ client: clients.tables, tableName }).read(entity);
  const { version = 0, base = 0 } = copy ?? {};
  await clients.tables.send(
    new UpdateItemCommand({
      TableName: tableName,
      Key: keyItem(entity),
      UpdateExpression: 'SET #base = :next',
      ConditionExpression: '#version = :version',
      ExpressionAttributeNames: { '#base': COPY_ATTRIBUTE.base, '#version': ATTRIBUTE.version },
      ExpressionAttributeValues: { ':next': { N: String(base + 1) }, ':version': { N: String(version) } },
    }),
  );
  return `raised the base of ${entityName(entity)} in ${tableName} from ${base} to ${base + 1}`;
}

/** The most copies of a type that are read. */
const MOST_OF_TYPE = 200;

async function firstCopy(source: Parameters<typeof listType>[0], { name, boundary }: OpenOwner): Promise<EntityRef> {
  const types = adoptedTypes(boundary);
  const live = (item: Item) => (isTombstone(readStamp(item)) ? undefined : itemEntity(item));
  for (const type of types) {
    const { items } = await listType(source, type, live, { limit: MOST_OF_TYPE });
    const [entity] = items;
    if (entity !== undefined) return entity;
  }
  throw new UsageError(`owner ${name}: it has no copy of ${types.join(' or ')}, and the rehearsal needs one.`);
}
