import { Annotations, ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/**
 * How much a deployment's data is worth. `production`: tables and logs stay when the stack goes, tables can't be deleted, logs are kept for
 * three months. `development`: all goes with the stack, logs are kept for a week.
 */
export type DeploymentStage = 'production' | 'development';

/** How data is kept and encrypted; every construct that holds some takes these props. */
export interface DataProtectionProps {
  /**
   * Whether data outlives its stack.
   * @default 'production'
   */
  readonly stage?: DeploymentStage;
  /**
   * A customer-managed key for tables, queues, topic and logs. The services that use it by themselves (SNS into the queues, CloudWatch Logs)
   * and the functions are let use it; of a key that was imported, its policy must say so already. A key of the same stack, or of one that comes
   * before it; not an alias, which CloudWatch Logs doesn't take.
   * @default - queues by SSE-SQS, tables by DynamoDB's own key, logs by CloudWatch's; the topic is not encrypted by a key of its own
   */
  readonly encryptionKey?: IKey;
  /**
   * How long the functions' logs are kept.
   * @default - three months in production, a week in development
   */
  readonly logRetention?: RetentionDays;
}

/** What becomes of a resource that holds data when its stack goes. */
export function removalPolicy({ stage }: DataProtectionProps): RemovalPolicy {
  return isProduction(stage) ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
}

/** Whether a table refuses to be deleted. */
export function deletionProtection({ stage }: DataProtectionProps): boolean {
  return isProduction(stage);
}

/** See `DataProtectionProps.logRetention`. */
export function logRetention({ stage, logRetention: given }: DataProtectionProps): RetentionDays {
  return given ?? (isProduction(stage) ? RetentionDays.THREE_MONTHS : RetentionDays.ONE_WEEK);
}

function isProduction(stage: DeploymentStage = 'production'): boolean {
  // A stage may come from a context or an environment variable.
  const known: readonly unknown[] = ['production', 'development'];
  if (!known.includes(stage)) throw new Error(`stage: given: ${String(stage)}. One of: ${known.join(', ')}.`);
  return stage === 'production';
}

/** The props of one construct that another one, inside of it, needs too. Throws if the key is an alias. */
export function dataProtection({ stage, encryptionKey, logRetention }: DataProtectionProps): DataProtectionProps {
  if (encryptionKey !== undefined && 'aliasName' in encryptionKey) {
    throw new Error(
      `encryptionKey: given: an alias, ${String(encryptionKey.aliasName)}. Give the key itself: CloudWatch Logs takes no alias ` +
        '(logs/encrypt-log-data-kms), and policies name keys only.',
    );
  }
  return {
    ...(stage !== undefined && { stage }),
    ...(encryptionKey !== undefined && { encryptionKey }),
    ...(logRetention !== undefined && { logRetention }),
  };
}

/** What CloudWatch Logs does with a key (logs/encrypt-log-data-kms, 2026-11-25). */
const LOGS_ACTIONS = ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'];

/** Lets CloudWatch Logs encrypt the log groups of this account and region; of an imported key it says that its policy must. */
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
    `encryptionKey: an imported key, whose policy isn't known here. It must let ${service} do ${LOGS_ACTIONS.join(', ')}.`,
  );
}
