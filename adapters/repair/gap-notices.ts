import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ProjectPorts } from '../../core/project/ports.ts';
import type { GapNotice } from '../../core/repair/heal.ts';
import { SCHEMA_CHECK_SECONDS } from '../../core/repair/newer-schema.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import type { Sender } from '../aws/clients.ts';

interface Queue {
  readonly client: Sender<SQSClient>;
  readonly queueUrl: string;
}

/** Asks the cache's repair function for a check of a parked event with a newer schema version. */
export function createSchemaChecks({ client, queueUrl }: Queue): (key: ParkedKey) => Promise<void> {
  return ({ groupId, sequenceNumber }) => {
    return sendJson(client, queueUrl, { schemaOf: { groupId, sequenceNumber } }, SCHEMA_CHECK_SECONDS);
  };
}

/** Notifies the cache's repair function of a gap. */
export function createGapNotice({ client, queueUrl }: Queue): ProjectPorts['requestResync'] {
  return async (entity, wantedVersion) => {
    await sendJson(client, queueUrl, { entity, wantedVersion, asked: 0 } satisfies GapNotice);
  };
}

/** Sends a message of JSON to a queue, after a delay of up to 900 seconds. */
export async function sendJson(
  client: Sender<SQSClient>,
  queueUrl: string,
  body: object,
  delaySeconds = 0,
): Promise<void> {
  await client.send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(body), DelaySeconds: delaySeconds }),
  );
}
