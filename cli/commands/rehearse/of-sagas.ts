import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { keyItem } from 'freshet-aws/internal/adapters/aws/items';
import { instanceItem, instanceKey } from 'freshet-aws/internal/adapters/saga/items';
import { OVERDUE } from 'freshet-aws/internal/core/saga/define';
import type { Deployment } from '../../deployment/deployment.ts';
import { UsageError } from '../../errors.ts';
import { all, nameOf, stopping, unique } from './actions.ts';
import { touch } from './facts.ts';
import { named, type Provoked, type Rehearsal } from './rehearsal.ts';

type Saga = Deployment['sagas'][number];
type Effects = Deployment['effects'][number];

function ofSaga(does: string, after: string, provoke: (deployment: Deployment, saga: Saga) => Promise<Provoked>) {
  const on = 'saga';
  const find = ({ sagas }: Deployment, name: string) => named(sagas, (saga) => saga.name, name);
  const rehearsal: Rehearsal = {
    on,
    does,
    after,
    provoke: (deployment, name) => provoke(deployment, find(deployment, name)),
  };
  return rehearsal;
}

function effectsOf({ effects }: Deployment, { name }: Saga): Effects {
  const found = effects.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new UsageError(`saga ${name}: no function carries out its effects, so it has no such alarm.`);
}

const YEAR_MS = 365 * 86_400_000;

/** The alarms on a saga, besides those on its queue of facts. */
export const SAGA_REHEARSALS: Readonly<Record<string, Rehearsal>> = {
  'saga-overdue': ofSaga(
    'adds an instance that has waited beyond its deadline for all its facts',
    '6 minutes',
    overdue,
  ),
  'saga-deadlines-silent': ofSaga(
    'stops the function that checks the deadlines',
    '20 minutes',
    async (deployment, { name, deadlines }) => {
      if (deadlines === undefined) throw new UsageError(`saga ${name}: it has no deadlines.`);
      return stopping(deployment, deadlines);
    },
  ),
  'effects-failed': ofSaga(
    'sends the message to the failure queue that Lambda sends when it gives up a batch of effects',
    '2 minutes',
    giveUp,
  ),
  'effects-delayed': ofSaga('stops the function that carries out the effects', '17 minutes', delayEffects),
  'effects-waiting-for-hours': ofSaga('stops the function that carries out the effects', '2.5 hours', delayEffects),
};

async function overdue({ clients }: Deployment, { table, deadlines, name }: Saga): Promise<Provoked> {
  if (deadlines === undefined) throw new UsageError(`saga ${name}: it has no deadline, so it has no such alarm.`);
  const key = unique();
  const nowMs = Date.now();
  const instance = {
    key,
    revision: 1,
    status: 'waiting',
    facts: {},
    effects: [],
    // Overdue by every definition of the saga, because the review of a changed definition computes the deadline again.
    beganAt: new Date(nowMs - YEAR_MS).toISOString(),
    dueAtMs: nowMs - 1_000,
    expiresAtSeconds: Math.ceil(nowMs / 1000) + 86_400,
  } as const;
  await clients.tables.send(new PutItemCommand({ TableName: table, Item: instanceItem(instance) }));
  return {
    did: [`added the instance ${key} to ${table}, which waits for all its facts and is overdue`],
    undo: [
      { kind: 'delete', table, key: instanceKey(key) },
      { kind: 'delete', table, key: keyItem({ type: OVERDUE, id: key }) },
    ],
  };
}

/** lambda/latest/dg/services-dynamodb-errors: the message to the on-failure destination. */
async function giveUp(deployment: Deployment, saga: Saga): Promise<Provoked> {
  const { failureQueueUrl } = effectsOf(deployment, saga);
  const id = unique();
  const at = new Date(Date.now() - 23 * 3_600_000).toISOString();
  const body = {
    requestContext: { requestId: id, condition: 'RecordAgeExceeded', approximateInvokeCount: 1_000 },
    version: '1.0',
    timestamp: new Date().toISOString(),
    DDBStreamBatchInfo: { batchSize: 1, approximateArrivalOfFirstRecord: at, approximateArrivalOfLastRecord: at },
  };
  await deployment.clients.queues.send(
    new SendMessageCommand({ QueueUrl: failureQueueUrl, MessageBody: JSON.stringify(body) }),
  );
  return {
    did: [`sent a message to ${nameOf(failureQueueUrl)} about one effect, which doesn't exist`],
    undo: [{ kind: 'remove', queueUrl: failureQueueUrl, text: id }],
  };
}

/** Lambda measures the age at a function only while it has a record for the function. */
async function delayEffects(deployment: Deployment, saga: Saga): Promise<Provoked> {
  const { handler, table } = effectsOf(deployment, saga);
  const stopped = await stopping(deployment, handler);
  await touch(deployment, table);
  return all(stopped, { did: [`wrote an item to ${table} and removed it, so that its stream has a record`], undo: [] });
}
