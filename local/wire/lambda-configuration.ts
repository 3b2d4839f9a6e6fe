import * as z from 'zod/mini';
import { logGroupOf } from '../lambda/function-definition.ts';
import type { FunctionState } from '../lambda/function-pool.ts';
import type { Answer } from './errors.ts';
import { invalidParameter, lambdaAnswer, parsed } from './lambda-answers.ts';
import type { Configurable, LambdaRequest } from './lambda-request.ts';

/** The fields of a function's configuration that the local cloud has (lambda/latest/api/API_FunctionConfiguration). */
export function configurationOf({ name, arn }: FunctionState, functions: Configurable): object {
  const definition = functions.definition(name);
  return {
    FunctionName: name,
    FunctionArn: arn,
    Handler: definition.handler,
    Timeout: definition.timeoutMs / 1000,
    MemorySize: definition.memoryMb,
    Environment: { Variables: definition.environment },
    LoggingConfig: { LogGroup: logGroupOf(definition) },
    PackageType: 'Zip',
    Version: '$LATEST',
    State: 'Active',
    LastUpdateStatus: 'Successful',
  };
}

/** Ranges: lambda/latest/api/API_UpdateFunctionConfiguration. Every other field is refused. */
const changes = z.strictObject({
  Handler: z.optional(z.string().check(z.regex(/^[^\s]{1,128}$/))),
  Timeout: z.optional(z.int().check(z.minimum(1), z.maximum(900))),
  MemorySize: z.optional(z.int().check(z.minimum(128), z.maximum(10_240))),
  Environment: z.optional(z.object({ Variables: z.optional(z.record(z.string(), z.string())) })),
});

/** Changes a function's configuration. Running invocations end with the former one. */
export function updateConfiguration(found: FunctionState, { body, functions }: LambdaRequest): Answer {
  const given = changes.safeParse(parsed(body)).data;
  if (given === undefined)
    return invalidParameter(
      'Only valid values of Handler, Timeout (1 to 900), MemorySize (128 to 10240) and Environment are emulated.',
    );
  const before = functions.definition(found.name);
  functions.redeploy({
    ...before,
    handler: given.Handler ?? before.handler,
    timeoutMs: given.Timeout === undefined ? before.timeoutMs : given.Timeout * 1000,
    memoryMb: given.MemorySize ?? before.memoryMb,
    environment: given.Environment === undefined ? before.environment : (given.Environment.Variables ?? {}),
  });
  return lambdaAnswer(200, configurationOf(found, functions));
}
