import * as z from 'zod/mini';
import { EngineError } from '../engine/client.ts';
import type { MappingRequest } from '../event-source-mappings.ts';
import { NotEmulated } from '../not-emulated.ts';
import { type Unread, unreadNames } from './left-out.ts';
import type { ResourceHandler, ResourceRequest } from './resource.ts';
import { flag, number, ranged } from './values.ts';

/** Ranges: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const mappingProperties = z.object({
  FunctionName: z.string(),
  EventSourceArn: z.string(),
  Enabled: z._default(flag, true),
  BatchSize: z.optional(number),
  FunctionResponseTypes: z._default(z.array(z.literal('ReportBatchItemFailures')).check(z.maxLength(1)), []),
  ScalingConfig: z.optional(z.object({ MaximumConcurrency: z.optional(number) })),
  /** Not emulated (no local effect): pollers start on demand. */
  ProvisionedPollerConfig: z.optional(
    z.object({ MinimumPollers: z.optional(ranged(2, 200)), MaximumPollers: z.optional(ranged(2, 2_000)) }),
  ),
  StartingPosition: z.optional(z.enum(['TRIM_HORIZON', 'LATEST'])),
  BisectBatchOnFunctionError: z.optional(flag),
  MaximumRetryAttempts: z.optional(number),
  MaximumRecordAgeInSeconds: z.optional(number),
  ParallelizationFactor: z.optional(number),
  DestinationConfig: z.optional(z.object({ OnFailure: z.optional(z.object({ Destination: z.string() })) })),
  /** Not emulated (no local effect): a batch is delivered as soon as there is a record. */
  MaximumBatchingWindowInSeconds: z.optional(ranged(0, 300)),
});

/** Every other property changes which records the function gets, so a mapping with one is left out as a whole. */
const UNREAD: Unread = { noEffect: ['KmsKeyArn', 'LoggingConfig', 'MetricsConfig'] };

/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html */
const DEFAULT_QUEUE_BATCH_SIZE = 10;

/** Connects a queue or a stream to a function. */
export const createMapping: ResourceHandler = async (request) => {
  const [unread] = unreadNames(request.properties, Object.keys(mappingProperties.def.shape), UNREAD);
  if (unread !== undefined) throw new NotEmulated(`${unread} is not emulated, so the function gets no records`);
  const given = mappingProperties.parse(request.properties);
  const { logicalId, target } = request;
  const functionName = given.FunctionName.slice(given.FunctionName.lastIndexOf(':') + 1);
  const reportBatchItemFailures = given.FunctionResponseTypes.includes('ReportBatchItemFailures');
  const isQueue = given.EventSourceArn.startsWith('arn:aws:sqs:');
  if (!isQueue && !given.EventSourceArn.startsWith('arn:aws:dynamodb:'))
    throw new NotEmulated(
      `an event source ${given.EventSourceArn} is not emulated. Emulated: queues and DynamoDB streams`,
    );
  if (isQueue) checkQueueMapping(given);
  else if (!given.StartingPosition) throw new Error('a mapping on a stream needs a StartingPosition');
  checkParts(request, given, functionName);
  const id = `${request.stack.name}-${logicalId}`;
  const mapped: MappingRequest = isQueue
    ? {
        kind: 'queue',
        functionName,
        queueArn: given.EventSourceArn,
        batchSize: given.BatchSize ?? DEFAULT_QUEUE_BATCH_SIZE,
        maximumConcurrency: given.ScalingConfig?.MaximumConcurrency,
        reportBatchItemFailures,
      }
    : {
        kind: 'stream',
        functionName,
        streamArn: given.EventSourceArn,
        startingPosition: given.StartingPosition ?? 'LATEST',
        reportBatchItemFailures,
        onFailureDestination: given.DestinationConfig?.OnFailure?.Destination,
        ...defined({
          batchSize: given.BatchSize,
          bisectBatchOnFunctionError: given.BisectBatchOnFunctionError,
          maximumRetryAttempts: given.MaximumRetryAttempts,
          maximumRecordAgeSeconds: given.MaximumRecordAgeInSeconds,
          parallelizationFactor: given.ParallelizationFactor,
        }),
      };
  try {
    await target.mappings.put(id, given.Enabled, mapped);
  } catch (error) {
    await target.mappings.remove(id);
    if (error instanceof EngineError && error.code === 'ResourceNotFoundException')
      throw new NotEmulated(`the stream ${given.EventSourceArn} is not part of the app`);
    throw error;
  }
  return { ref: id, attributes: { Id: id } };
};

/** Throws `NotEmulated` for a mapping of a function, a queue or a destination that the local cloud doesn't have. */
function checkParts(
  { target: { functions, messaging } }: ResourceRequest,
  { EventSourceArn, DestinationConfig }: z.infer<typeof mappingProperties>,
  functionName: string,
): void {
  if (!functions.functions().some(({ name }) => name === functionName))
    throw new NotEmulated(`the function ${functionName} is not part of the app`);
  if (EventSourceArn.startsWith('arn:aws:sqs:') && messaging.queues.get(EventSourceArn) === undefined)
    throw new NotEmulated(`the queue ${EventSourceArn} is not part of the app`);
  const destination = DestinationConfig?.OnFailure?.Destination;
  if (destination === undefined) return;
  if (!destination.startsWith('arn:aws:sqs:') || messaging.queues.get(destination) === undefined)
    throw new NotEmulated(`the on-failure destination ${destination} is not a queue of the app`);
}

/** lambda/latest/dg/services-ddb-params: the properties that only streams have. */
const STREAM_ONLY = [
  'StartingPosition',
  'BisectBatchOnFunctionError',
  'MaximumRetryAttempts',
  'MaximumRecordAgeInSeconds',
  'ParallelizationFactor',
] as const;
/** lambda/latest/dg/services-sqs-parameters */
const MOST_FIFO_BATCH = 10;
const MOST_STANDARD_BATCH = 10_000;

/** Throws for a queue mapping that Lambda refuses (lambda/latest/dg/services-sqs-parameters, services-sqs-scaling). */
function checkQueueMapping(given: z.infer<typeof mappingProperties>): void {
  const { EventSourceArn, BatchSize = DEFAULT_QUEUE_BATCH_SIZE, MaximumBatchingWindowInSeconds: window } = given;
  const isFifo = EventSourceArn.endsWith('.fifo');
  const unsupported = STREAM_ONLY.find((name) => given[name] !== undefined);
  if (unsupported !== undefined) throw new Error(`${unsupported} is not supported for a queue, only for a stream`);
  if (isFifo && window) throw new Error('Batching window is not supported for FIFO queues');
  const most = isFifo ? MOST_FIFO_BATCH : MOST_STANDARD_BATCH;
  if (!(BatchSize >= 1 && BatchSize <= most)) throw new Error(`BatchSize must be 1 to ${most}. Given: ${BatchSize}`);
  if (BatchSize > MOST_FIFO_BATCH) {
    if (!window)
      throw new Error(
        'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
      );
    throw new NotEmulated(`a BatchSize above ${MOST_FIFO_BATCH} is not emulated. Given: ${BatchSize}`);
  }
  if (given.ProvisionedPollerConfig !== undefined && given.ScalingConfig !== undefined)
    throw new Error('ProvisionedPollerConfig and ScalingConfig exclude each other');
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
