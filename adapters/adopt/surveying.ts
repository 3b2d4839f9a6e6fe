import { setTimeout } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type RequestedSurvey, requestSurvey, type SurveyDue } from '../../core/adopt/begin-survey.ts';
import type { WireItem } from '../../core/adopt/item.ts';
import type { Refusal } from '../../core/adopt/map.ts';
import { type Slice, surveySlice } from '../../core/adopt/survey.ts';
import { type ExistingTable, parseSurveyNote, type SurveyNote } from '../../core/adopt/survey-note.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import { type EntityRef, entityName, sha256 } from '../../core/entity.ts';
import type { NoteStore } from '../../core/repair/note.ts';
import { messageJson } from '../aws/message-json.ts';
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

/** The surveys of an existing table. */
export interface Surveying {
  /**
   * Works on a survey until the time is up. Returns what the slice found; undefined if nothing was due.
   *
   * @param watched undefined if nothing is known of the adopter
   */
  run(hasTime: () => boolean, watched: Pick<SurveyDue, 'lostAtMs' | 'lagMs'> | undefined): Promise<Slice | undefined>;
  /** Begins a survey, unless one is under way. The work is that of `run`. */
  request(): Promise<RequestedSurvey>;
}

/** Opens the surveys of an existing table. */
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
}): Surveying {
  const { boundary, client, existingTable, existing, ownerTable, flowTable, queues, failureQueueUrl, rate, everyMs } =
    options;
  const flow = createFlow({ client, tableName: flowTable });
  const ports = {
    ...createExistingTable({ boundary, client, tableName: existingTable }),
    ...createCopyTable({ client, tableName: ownerTable }),
    list: createOwnerPages({ client, tableName: ownerTable }).list,
    notes: createSurveyNotes(client, flowTable),
    pace: createPace(rate),
    pause: (ms: number) => setTimeout(ms),
    isPaused: async () => (await flow.state()) !== 'normal',
    nowMs: Date.now,
    async setAside({ reason, explanation }: Refusal, entity: EntityRef | undefined, item: WireItem | undefined) {
      // The same item has the same number in every survey, so that it is parked once.
      const sequenceNumber = `survey-${sha256(entity === undefined ? JSON.stringify(item) : entityName(entity))}`;
      const body = messageJson({ sequenceNumber, reason, explanation, entity: entity ?? null });
      await queues.send(new SendMessageCommand({ QueueUrl: failureQueueUrl, MessageBody: body }));
    },
  };
  return {
    run: (hasTime, watched) => surveySlice(boundary, ports, { ...watched, table: existing, everyMs }, hasTime),
    request: () => requestSurvey(boundary, ports, existing),
  };
}
