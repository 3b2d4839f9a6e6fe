import { Annotations, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { quoted } from '../core/errors.ts';
import { LIMITS } from './limits.ts';
import type { OwnerProps } from './owner-props.ts';
import { SEND_KEY_ACTIONS } from './protected-resources.ts';

/** The statement that refuses requests without TLS uses one of the policy's principals. */
const MOST_ACCOUNTS = LIMITS.maxQueuePolicyPrincipals - 1;

/** The parts of an owner that caches in other accounts use. */
interface Shared {
  readonly topic: Topic;
  readonly resyncQueue: Queue;
  readonly reportQueue: Queue;
}

/**
 * Lets other accounts subscribe their queues to the topic, request an entity's state, and report. Each account decides
 * which of its principals may do so. The account of the queue creates the subscription, which therefore needs no
 * confirmation (sns/sns-send-message-to-sqs-cross-account, 2026-11-25).
 */
export function shareWith(
  accounts: readonly string[],
  shared: Shared,
  encryptionKey: OwnerProps['encryptionKey'],
): void {
  if (accounts.length === 0) return;
  assertAccounts(accounts);
  const { topic, resyncQueue, reportQueue } = shared;
  const principals = accounts.map((account) => new AccountPrincipal(account));
  const { partition, region } = Stack.of(topic);
  // One statement for each account: with a common statement, each account could subscribe queues of the others.
  for (const account of accounts) {
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new AccountPrincipal(account)],
        actions: ['sns:Subscribe'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'sns:Protocol': 'sqs' },
          StringLike: { 'sns:Endpoint': `arn:${partition}:sqs:${region}:${account}:*` },
        },
      }),
    );
  }
  topic.addToResourcePolicy(
    // CloudFormation reads the topic when it creates, changes or deletes a subscription.
    new PolicyStatement({ principals, actions: ['sns:GetTopicAttributes'], resources: [topic.topicArn] }),
  );
  for (const queue of [resyncQueue, reportQueue]) {
    queue.addToResourcePolicy(
      new PolicyStatement({ principals, actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
    );
  }
  if (encryptionKey === undefined) return;
  const { statementAdded } = encryptionKey.addToResourcePolicy(
    new PolicyStatement({
      principals,
      actions: [...SEND_KEY_ACTIONS],
      resources: ['*'],
      conditions: { StringEquals: { 'kms:ViaService': `sqs.${region}.amazonaws.com` } },
    }),
    true,
  );
  if (statementAdded) return;
  Annotations.of(topic).addWarningV2(
    'freshet-aws:keyPolicyForAccounts',
    `encryptionKey: the key is imported, so its policy can't be changed here. Its policy must allow the accounts ` +
      `${accounts.join(', ')} the actions ${SEND_KEY_ACTIONS.join(', ')}.`,
  );
}

function assertAccounts(accounts: readonly string[]): void {
  const wrong = accounts.find((account) => !/^\d{12}$/.test(account));
  if (wrong !== undefined) {
    throw new Error(
      `consumerAccounts: not an account id: ${quoted(wrong)}. Allowed: ids of AWS accounts, 12 digits each, that are ` +
        'known when the app is synthesised.',
    );
  }
  if (accounts.length <= MOST_ACCOUNTS) return;
  throw new Error(
    `consumerAccounts: too many: ${accounts.length}. Allowed: at most ${MOST_ACCOUNTS}. A queue's policy accepts no ` +
      'more principals (sqs/quotas-policies).',
  );
}
