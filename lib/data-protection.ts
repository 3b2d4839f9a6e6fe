import { Annotations, ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/**
 * Whether a deployment's data must be kept.
 *
 * - `production`: tables and logs stay when their stack is deleted, tables are protected from deletion, and logs are
 *   kept for three months.
 * - `development`: tables and logs are deleted with their stack, and logs are kept for a week.
 */
export type DeploymentStage = 'production' | 'development';

/** How data is kept and encrypted. Every construct that stores data takes these props. */
export interface DataProtectionProps {
  /**
   * Whether data stays when its stack is deleted.
   * @default 'production'
   */
  readonly stage?: DeploymentStage;
  /**
   * A customer-managed key that encrypts tables, queues, topics and logs: a key of the same stack, or of a stack that
   * is deployed before it. An alias isn't allowed, because CloudWatch Logs doesn't accept one.
   *
   * Freshet's functions may use the key, and so may the AWS services that need it: SNS to send to the queues, and
   * CloudWatch Logs. If the key is imported, its own policy must already allow these services.
   * @default - queues are encrypted by SSE-SQS, tables by a key of DynamoDB and logs by a key of CloudWatch; topics
   *   aren't encrypted
   */
  readonly encryptionKey?: IKey;
  /**
   * How long the functions' logs are kept.
   * @default - three months in production, a week in development
   */
  readonly logRetention?: RetentionDays;
}

/** Returns what happens to a resource with data when its stack is deleted. */
export function removalPolicy({ stage }: DataProtectionProps): RemovalPolicy {
  return isProduction(stage) ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

/** Returns whether a table is protected from deletion. */
export function deletionProtection({ stage }: DataProtectionProps): boolean {
  return isProduction(stage);
}

/** Returns how long logs are kept, see `DataProtectionProps.logRetention`. */
export function logRetention({ stage, logRetention: given }: DataProtectionProps): RetentionDays {
  return given ?? (isProduction(stage) ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK);
}

function isProduction(stage: DeploymentStage = 'production'): boolean {
  // The compiler doesn't check a stage that comes from the CDK's context or an environment variable.
  const known: readonly unknown[] = ['production', 'development'];
  if (!known.includes(stage)) throw new Error(`stage: unknown: ${String(stage)}. Allowed: ${known.join(', ')}.`);
  return stage === 'production';
}

/** Returns the data protection of a construct's props, for the constructs inside it. Throws if the key is an alias. */
export function dataProtection({ stage, encryptionKey, logRetention }: DataProtectionProps): DataProtectionProps {
  if (encryptionKey !== undefined && 'aliasName' in encryptionKey) {
    throw new Error(
      `encryptionKey: an alias: ${String(encryptionKey.aliasName)}. Allowed: the key itself. CloudWatch Logs accepts ` +
        'no alias (logs/encrypt-log-data-kms), and policies name keys only.',
    );
  }
  return {
    ...(stage !== undefined && { stage }),
    ...(encryptionKey !== undefined && { encryptionKey }),
    ...(logRetention !== undefined && { logRetention }),
  };
}

/** The actions that CloudWatch Logs needs on a key (logs/encrypt-log-data-kms, 2026-11-25). */
const LOGS_ACTIONS = ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'];

/**
 * Lets CloudWatch Logs encrypt the log groups of this account and region. The policy of an imported key can't be
 * changed here: the app gets a warning that says what the policy must allow.
 */
export function letLogsUse(key: IKey, scope: Construct): void {
  const stack = Stack.of(scope);
  const service = `logs.${stack.region}.amazonaws.com`;
  const groups = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  const statement = new PolicyStatement({
    principals: [new ServicePrincipal(service)],
    actions: LOGS_ACTIONS,
    resources: ['*'],
    conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': groups } },
  });
  if (key.addToResourcePolicy(statement, true).statementAdded) return;
  Annotations.of(scope).addWarningV2(
    'freshet-aws:keyPolicyForLogs',
    `encryptionKey: the key is imported, so its policy can't be changed here. Its policy must allow ${service} the ` +
      `actions ${LOGS_ACTIONS.join(', ')}.`,
  );
}
