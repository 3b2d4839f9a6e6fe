import { Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Records why a rule of cdk-nag's AwsSolutions pack doesn't apply to a construct and its children. An app that runs the
 * pack then passes; cdk-nag itself isn't needed here.
 *
 * @param rule id of the rule without its pack, such as `SQS3`, with the finding if the rule has several:
 *   `IAM5[Resource::*]`
 */
export function acknowledge(construct: Construct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}
