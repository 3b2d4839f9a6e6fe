import { Validations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Says why a rule of cdk-nag's AwsSolutions pack doesn't hold for a construct and what is below it. For apps that run the pack: cdk-nag itself
 * isn't needed for it.
 *
 * @param rule with its finding where it has several, such as `IAM5[Resource::*]`
 */
export function acknowledge(construct: Construct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${rule}`, reason });
}
