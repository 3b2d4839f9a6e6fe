import { CfnOutput, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { type DeploymentStage, ServiceFunction } from 'freshet-aws/cdk';

/** Timeout of every service function. A queue that a function consumes is created with the same timeout. */
export const SERVICE_TIMEOUT = Duration.seconds(20);

/** Props of a function of the shop. */
export interface ShopFunctionProps {
  /** The module that exports `handler`. */
  readonly file: URL;
  readonly description: string;
  /** @default - only what the grants set */
  readonly environment?: Record<string, string>;
  /** Whether the function's logs stay when the stack is deleted. */
  readonly stage: DeploymentStage;
  /**
   * Whether the function has a URL, which requires IAM signatures. The URL is the stack's output `<id>Url`.
   * @default false
   */
  readonly url?: boolean;
}

/** Creates a function of a service. It can write its logs and traces, and needs grants for everything else. */
export function serviceFunction(scope: Construct, id: string, props: ShopFunctionProps): ServiceFunction {
  const { url = false, ...rest } = props;
  const created = new ServiceFunction(scope, id, { ...rest, timeout: SERVICE_TIMEOUT });
  if (url) new CfnOutput(scope, `${id}Url`, { value: created.addFunctionUrl().url });
  return created;
}
