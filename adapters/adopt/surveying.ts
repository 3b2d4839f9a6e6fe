import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { WireItem } from '../../core/adopt/item.ts';
import type { Refusal } from '../../core/adopt/map.ts';
import {
  type ExistingTable,
  parseSurveyNote,
  type Slice,
  type SurveyNote,
  surveySlice,
} from '../../core/adopt/survey.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import { type EntityRef, entityName, sha256 } from '../../core/entity.ts';
import type { NoteStore } from '../../core/repair/note.ts';
import { createFlow } from '../govern/flow.ts';
import { createOwnerPages } from '../own/owner-pages.ts';
import { createPace } from '../repair/answers.ts';
import { createNotes } from '../repair/notes.ts';
import { createCopyTable } from './copy-table.ts';
import { createExistingTable } from './existing-table.ts';

/** Opens the note of the surveys. It is in the flow table, because every item of the owner's table is published. */
export function createSurveyNotes(client: DynamoDBClient, flowTable: string): NoteStore<SurveyNote> {
  return createNotes({ client, tableName: flowTable }, 'survey', parseSurveyNote);
}

/**
 * Creates a function that works on the survey of an existing table until the time is up. It returns what the slice
 * found; undefined if nothing was due.
 */
export function createSurveying(options: {
  readonly boundary: Boundary;
  readonly client: DynamoDBClient;
  /** Name of the existing table. */
  readonly existingTable: string;
  readonly existing: ExistingTable;
  readonly ownerTable: string;
  readonly flowTable: string;
  readonly queues: SQSClient;
  readonly failureQueueUrl: string;
  /** Items a second. */
  readonly rate: number;
  readonly everyMs: number;
}): (hasTime: () => boolean) => Promise<Slice | undefined> {
  const { boundary, client, existingTable, existing, ownerTable, flowTable, queues, failureQueueUrl, rate, everyMs } =
    options;
  const flow = createFlow({ client, tableName: flowTable });
  const ports = {
    ...createExistingTable({ boundary, client, tableName: existingTable }),
    ...createCopyTable({ client, tableName: ownerTable }),
    list: createOwnerPages({ client, tableName: ownerTable }).list,
    notes: createSurveyNotes(client, flowTable),
    pace: createPace(rate),
    isPaused: async () => (await flow.state()) !== 'normal',
    nowMs: Date.now,
    async setAside({ reason, explanation }: Refusal, entity: EntityRef | undefined, item: WireItem | undefined) {
      // The same item has the same number in every survey, so that it is parked once.
      const sequenceNumber = `survey-${sha256(entity === undefined ? JSON.stringify(item) : entityName(entity))}`;
      const body = JSON.stringify({ sequenceNumber, reason, explanation, entity: entity ?? null });
      await queues.send(new SendMessageCommand({ QueueUrl: failureQueueUrl, MessageBody: body }));
    },
  };
  return (hasTime) => surveySlice(boundary, ports, { table: existing, everyMs }, hasTime);
}
