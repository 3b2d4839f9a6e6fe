import * as z from 'zod/mini';
import { mayLog } from '../iam/log-access.ts';
import { requireTracing } from '../iam/trace-access.ts';
import { NotEmulated } from '../not-emulated.ts';
import { assetFolder } from './assembly.ts';
import { readProperties, type Unread } from './left-out.ts';
import { physicalName, type ResourceHandler, type ResourceRequest } from './resource.ts';
import { number, ranged } from './values.ts';

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
  Handler: z._default(z.string(), 'index.handler'),
  Role: z.optional(z.string()),
  Environment: z.optional(z.object({ Variables: z.optional(variables) })),
  Timeout: z._default(ranged(1, 900), 3),
  MemorySize: z._default(ranged(128, 10_240), 128),
  ReservedConcurrentExecutions: z.optional(number),
  LoggingConfig: z.optional(z.object({ LogGroup: z.optional(z.string()) })),
  TracingConfig: z.optional(z.object({ Mode: z.optional(z.enum(['Active', 'PassThrough'])) })),
});

const UNREAD_OF_FUNCTION: Unread = {
  noEffect: [
    'Architectures',
    'CodeSigningConfigArn',
    'Description',
    'EphemeralStorage',
    'KmsKeyArn',
    'PackageType',
    'RecursiveLoop',
    'RuntimeManagementConfig',
    'SnapStart',
  ],
  meanings: {
    DeadLetterConfig: 'events that use up their retries are not sent to it',
    FileSystemConfigs: 'the function runs without its file systems',
    ImageConfig: 'images are not emulated',
    Layers: 'the function runs without its layers',
    VpcConfig: 'the function runs outside of the VPC',
  },
};

const LONGEST_NAME = 64;

/** Deploys a function from its bundle in the assembly. */
export const createFunction: ResourceHandler = (request) => {
  const { given, leftOut } = readProperties(functionProperties, request.properties, UNREAD_OF_FUNCTION);
  const { functions } = request.target;
  const { S3Key } = given.Code;
  if (S3Key === undefined) throw new NotEmulated('only code in an asset runs locally, not inline code or an image');
  if (given.Runtime !== undefined && !given.Runtime.startsWith('nodejs'))
    throw new NotEmulated(`only Node.js runs locally, not ${given.Runtime}`);
  const codeDir = assetFolder(request.stack, request.resource, S3Key);
  if (codeDir === undefined) throw new NotEmulated(`its code ${S3Key} is not a folder among the assets of the app`);
  const name = given.FunctionName ?? physicalName(request, LONGEST_NAME);
  if (given.Role !== undefined)
    assumeRole(request, name, given.Role, given.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`);
  else if (request.target.access.isChecked)
    throw new Error('a function needs a Role, so that its calls can be checked');
  // Traces are not emulated. Only the permission is checked.
  if (given.TracingConfig?.Mode === 'Active') requireTracing(request.target.access, name);
  const definition = {
    name,
    codeDir,
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
  return { ref: name, attributes: { Arn: arn }, leftOut };
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

const invokeConfigProperties = z.object({
  FunctionName: z.string(),
  Qualifier: z.string(),
  MaximumRetryAttempts: z.optional(number),
  MaximumEventAgeInSeconds: z.optional(number),
});

/** Sets how a function's asynchronous invocations are retried. */
export const createEventInvokeConfig: ResourceHandler = (request) => {
  const { given, leftOut } = readProperties(invokeConfigProperties, request.properties, {
    meanings: { DestinationConfig: 'the results of asynchronous invocations are not sent to a destination' },
  });
  if (given.Qualifier !== '$LATEST') throw new NotEmulated('versions and aliases are not emulated');
  const functionName = given.FunctionName.slice(given.FunctionName.lastIndexOf(':') + 1);
  request.target.cloudWatch.asyncInvocations.configure(functionName, {
    maximumRetryAttempts: given.MaximumRetryAttempts,
    maximumEventAgeSeconds: given.MaximumEventAgeInSeconds,
  });
  return { ref: `${request.stack.name}-${request.logicalId}`, attributes: {}, leftOut };
};
