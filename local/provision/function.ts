import * as z from 'zod/mini';
import { mayLog } from '../iam/log-access.ts';
import { requireTracing } from '../iam/trace-access.ts';
import { assetFolder } from './assembly.ts';
import { NotEmulated, physicalName, type ResourceHandler, type ResourceRequest } from './resource.ts';

/** CloudFormation also accepts numbers and booleans as strings. */
const number = z.coerce.number();
const flag = z.union([z.boolean(), z.stringbool()]);

/** An integer from `min` to `max`. */
function ranged(min: number, max: number) {
  const allowed = `must be an integer from ${min} to ${max}`;
  return number.check(z.refine((given) => Number.isInteger(given) && given >= min && given <= max, allowed));
}

/** Bytes of all names and values of a function's environment variables (lam/configuration-envvars). */
const MAX_ENVIRONMENT_BYTES = 4_096;

const variables = z
  .record(z.string(), z.coerce.string())
  .check(
    z.refine(
      (given) => Buffer.byteLength(Object.entries(given).flat().join('')) <= MAX_ENVIRONMENT_BYTES,
      'Lambda was unable to configure your environment variables because the environment variables you have provided ' +
        `exceeded the ${MAX_ENVIRONMENT_BYTES / 1024}KB limit`,
    ),
  );

/**
 * Defaults and ranges:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
 */
const functionProperties = z.object({
  FunctionName: z.optional(z.string()),
  Code: z.object({ S3Key: z.optional(z.string()) }),
  Runtime: z.optional(z.string()),
  Handler: z.string(),
  Role: z.optional(z.string()),
  Environment: z.optional(z.object({ Variables: z.optional(variables) })),
  Timeout: z._default(ranged(1, 900), 3),
  MemorySize: z._default(ranged(128, 10_240), 128),
  ReservedConcurrentExecutions: z.optional(number),
  LoggingConfig: z.optional(z.object({ LogGroup: z.optional(z.string()) })),
  TracingConfig: z.optional(z.object({ Mode: z.optional(z.enum(['Active', 'PassThrough'])) })),
});

/** Ranges: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const mappingProperties = z.strictObject({
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
  Tags: z.optional(z.unknown()),
  MetricsConfig: z.optional(z.unknown()),
});

const LONGEST_NAME = 64;
/** https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html */
const DEFAULT_QUEUE_BATCH_SIZE = 10;

/** Deploys a function from its bundle in the assembly. */
export const createFunction: ResourceHandler = (request) => {
  const given = functionProperties.parse(request.properties);
  const { functions } = request.target;
  const { S3Key } = given.Code;
  if (S3Key === undefined) throw new NotEmulated('only code in an asset runs locally, not inline code or an image');
  if (given.Runtime !== undefined && !given.Runtime.startsWith('nodejs'))
    throw new NotEmulated(`only Node.js runs locally, not ${given.Runtime}`);
  const name = given.FunctionName ?? physicalName(request, LONGEST_NAME);
  if (given.Role !== undefined)
    assumeRole(request, name, given.Role, given.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`);
  else if (request.target.access.isChecked)
    throw new Error('a function needs a Role, so that its calls can be checked');
  // Traces are not emulated. Only the permission is checked.
  if (given.TracingConfig?.Mode === 'Active') requireTracing(request.target.access, name);
  const definition = {
    name,
    codeDir: assetFolder(request.stack, request.resource, S3Key),
    handler: given.Handler,
    environment: given.Environment?.Variables ?? {},
    timeoutMs: given.Timeout * 1000,
    memoryMb: given.MemorySize,
    ...(given.LoggingConfig?.LogGroup !== undefined && { logGroup: given.LoggingConfig.LogGroup }),
  };
  const isDeployed = request.before?.ref === name;
  if (isDeployed) functions.redeploy(definition);
  const { arn } = isDeployed ? { arn: request.before?.attributes.Arn ?? '' } : functions.deploy(definition);
  const { keptConcurrency } = request.target;
  const reserved = keptConcurrency?.has(name) ? keptConcurrency.get(name) : given.ReservedConcurrentExecutions;
  if (!isDeployed && reserved !== undefined) functions.setReservedConcurrency(name, reserved);
  return { ref: name, attributes: { Arn: arn } };
};

function assumeRole(
  { target: { access } }: ResourceRequest,
  functionName: string,
  roleArn: string,
  logGroup: string,
): void {
  access.assume(functionName, roleArn);
  // `mayLog` reports a missing permission now, because on AWS the function would run without logs. All policies of the
  // role exist already, because the CDK makes a function depend on them.
  mayLog(access, functionName, logGroup);
}

const invokeConfigProperties = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.string(),
  MaximumRetryAttempts: z.optional(number),
  MaximumEventAgeInSeconds: z.optional(number),
});

/** Sets how a function's asynchronous invocations are retried. */
export const createEventInvokeConfig: ResourceHandler = (request) => {
  const given = invokeConfigProperties.parse(request.properties);
  if (given.Qualifier !== '$LATEST') throw new NotEmulated('versions and aliases are not emulated');
  const functionName = given.FunctionName.slice(given.FunctionName.lastIndexOf(':') + 1);
  request.target.cloudWatch.asyncInvocations.configure(functionName, {
    maximumRetryAttempts: given.MaximumRetryAttempts,
    maximumEventAgeSeconds: given.MaximumEventAgeInSeconds,
  });
  return { ref: `${request.stack.name}-${request.logicalId}`, attributes: {} };
};

/** Connects a queue or a stream to a function. */
export const createMapping: ResourceHandler = async (request) => {
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
  const id = `${request.stack.name}-${logicalId}`;
  if (isQueue) {
    await target.mappings.put(id, given.Enabled, {
      kind: 'queue',
      functionName,
      queueArn: given.EventSourceArn,
      batchSize: given.BatchSize ?? DEFAULT_QUEUE_BATCH_SIZE,
      maximumConcurrency: given.ScalingConfig?.MaximumConcurrency,
      reportBatchItemFailures,
    });
  } else {
    if (!given.StartingPosition) throw new Error('a mapping on a stream needs a StartingPosition');
    await target.mappings.put(id, given.Enabled, {
      kind: 'stream',
      functionName,
      streamArn: given.EventSourceArn,
      startingPosition: given.StartingPosition,
      reportBatchItemFailures,
      onFailureDestination: given.DestinationConfig?.OnFailure?.Destination,
      ...defined({
        batchSize: given.BatchSize,
        bisectBatchOnFunctionError: given.BisectBatchOnFunctionError,
        maximumRetryAttempts: given.MaximumRetryAttempts,
        maximumRecordAgeSeconds: given.MaximumRecordAgeInSeconds,
        parallelizationFactor: given.ParallelizationFactor,
      }),
    });
  }
  return { ref: id, attributes: { Id: id } };
};

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
