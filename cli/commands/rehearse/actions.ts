import {
  GetFunctionConfigurationCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { stopFunction } from '../../clients/functions.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import type { Provoked } from './rehearsal.ts';

/** The part of a message group, an id or a body by which a message of a rehearsal is found. */
export const MARK = 'rehearsal';

/** A name that no other rehearsal has used. */
export function unique(): string {
  return `${MARK}-${Date.now().toString(36)}${Math.random().toString(36).slice(2, 6)}`;
}

export async function stopping({ clients }: Deployment, functionName: string): Promise<Provoked> {
  await stopFunction(clients.functions, functionName);
  return { did: [`stopped the function ${functionName}`], undo: [{ kind: 'start', functionName }] };
}

/** Gives a function a handler that doesn't exist, so that each of its invocations fails. */
export async function breaking({ clients }: Deployment, functionName: string): Promise<Provoked> {
  const { Handler: handler = '' } = await clients.functions.send(
    new GetFunctionConfigurationCommand({ FunctionName: functionName }),
  );
  const missing = `${handler.slice(0, handler.lastIndexOf('.'))}.${MARK}`;
  await clients.functions.send(
    new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Handler: missing }),
  );
  return {
    did: [`gave the function ${functionName} the handler ${missing}, which doesn't exist, instead of ${handler}`],
    undo: [{ kind: 'handler', functionName, handler }],
  };
}

/** Sets attributes of a queue. */
export async function setting(
  { clients }: Deployment,
  QueueUrl: string,
  Attributes: Readonly<Record<string, string>>,
): Promise<Provoked> {
  const before = await attributesOf(clients.queues, QueueUrl);
  const attributes = Object.fromEntries(Object.keys(Attributes).map((name) => [name, before[name] ?? '']));
  await clients.queues.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { ...Attributes } }));
  const changes = Object.entries(Attributes).map(([name, value]) => `${name} of ${nameOf(QueueUrl)} to ${value}`);
  return { did: [`set ${changes.join(', ')}`], undo: [{ kind: 'attributes', queueUrl: QueueUrl, attributes }] };
}

export async function attributesOf(
  queues: Deployment['clients']['queues'],
  QueueUrl: string,
): Promise<Readonly<Record<string, string>>> {
  const { Attributes = {} } = await queues.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return Attributes;
}

/** The last part of a queue's URL. */
export function nameOf(queueUrl: string): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
}

/** The event source mapping of a queue, and its function. */
export async function mappingOf(
  { clients }: Deployment,
  queueUrl: string,
): Promise<{ readonly id: string; readonly functionName: string } | undefined> {
  const { QueueArn } = await attributesOf(clients.queues, queueUrl);
  const { EventSourceMappings: [found] = [] } = await clients.functions.send(
    new ListEventSourceMappingsCommand({ EventSourceArn: QueueArn }),
  );
  const functionName = found?.FunctionArn?.split(':').at(-1);
  return found?.UUID === undefined || functionName === undefined ? undefined : { id: found.UUID, functionName };
}

/** Does work while a queue's event source mapping is disabled. */
export async function unplugged<T>(deployment: Deployment, mapping: string, work: () => Promise<T>): Promise<T> {
  const { functions } = deployment.clients;
  await functions.send(new UpdateEventSourceMappingCommand({ UUID: mapping, Enabled: false }));
  try {
    return await work();
  } finally {
    await functions.send(new UpdateEventSourceMappingCommand({ UUID: mapping, Enabled: true }));
  }
}

/** Sends a message that isn't an event, in a message group of its own. */
export async function sendingMalformed({ clients }: Deployment, queueUrl: string, place: string): Promise<Provoked> {
  const groupId = `Rehearsal/${unique()}`;
  await clients.queues.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: 'This message of a rehearsal is not an event.',
      MessageGroupId: groupId,
      MessageDeduplicationId: unique(),
    }),
  );
  return {
    did: [`sent a message that isn't an event to ${nameOf(queueUrl)}, in the message group ${groupId}`],
    undo: [{ kind: 'discard', place, groupId }],
  };
}

/** Joins what several actions did. */
export function all(...parts: readonly Provoked[]): Provoked {
  return { did: parts.flatMap(({ did }) => did), undo: parts.flatMap(({ undo }) => undo) };
}
