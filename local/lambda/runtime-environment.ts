import type { Credentials } from '../iam/access.ts';
import { type FunctionDefinition, logGroupOf } from './function-definition.ts';

/** The services and the account that a function's AWS SDK clients use. */
export interface FunctionSurroundings {
  /** URLs of the services. */
  readonly endpoints: {
    readonly dynamodb: string;
    readonly sqs: string;
    readonly sns: string;
    readonly cloudwatch?: string;
    readonly lambda?: string;
  };
  /** The credentials that a function's clients sign with. @default - `local`, which may do everything */
  readonly credentialsOf?: (functionName: string) => Credentials | undefined;
  readonly region: string;
}

/**
 * A function's environment variables: its own, the runtime's
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html), and the addresses of the local services
 * (https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html).
 */
export function runtimeEnvironment(
  definition: FunctionDefinition,
  { endpoints, credentialsOf, region }: FunctionSurroundings,
): Record<string, string> {
  const { name, handler, codeDir, memoryMb } = definition;
  const credentials = credentialsOf?.(name);
  return {
    ...definition.environment,
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: codeDir,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId ?? 'local',
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey ?? 'local',
    ...(credentials && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupOf(definition),
    AWS_LAMBDA_LOG_STREAM_NAME: '[$LATEST]local',
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_SNS: endpoints.sns,
    ...(endpoints.lambda !== undefined && { AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda }),
    ...(endpoints.cloudwatch !== undefined && { AWS_ENDPOINT_URL_CLOUDWATCH: endpoints.cloudwatch }),
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}
