import { fileURLToPath } from 'node:url';
import { CfnOutput, Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { bundledFunction } from '../../../lib/bundled-function.ts';
import type { DeploymentStage } from '../../../lib/data-protection.ts';

/** Time-out of each; a queue that one works off is told of it. */
export const SERVICE_TIMEOUT = Duration.seconds(20);

/** Props of a service's own function. */
export interface ServiceFunctionProps {
  /** The module that exports `handler`. */
  readonly file: URL;
  readonly description: string;
  readonly environment: Record<string, string>;
  readonly stage: DeploymentStage;
  /** Whether it is called by a URL, with a signature (IAM). The URL is an output of the stack: `<id>Url`. @default false */
  readonly url?: boolean;
}

/** A service's own function: it may write its log, and what it is granted. */
export function serviceFunction(scope: Construct, id: string, props: ServiceFunctionProps): LambdaFunction {
  const { file, stage, url = false, ...rest } = props;
  const made = bundledFunction(scope, id, {
    ...rest,
    file: fileURLToPath(file),
    timeout: SERVICE_TIMEOUT,
    memorySize: 512,
    protection: { stage },
  });
  if (url) new CfnOutput(scope, `${id}Url`, { value: made.addFunctionUrl().url });
  return made;
}
