import { Annotations, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { quoted } from '../core/errors.ts';
import { LIMITS } from './limits.ts';
import type { OwnerProps } from './owner-props.ts';
import { SEND_KEY_ACTIONS } from './protected-resources.ts';

/** One principal is that of the statement which refuses what comes without TLS. */
const MOST_ACCOUNTS = LIMITS.maxQueuePolicyPrincipals - 1;

/** What caches of other accounts use of an owner. */
interface Shared {
  readonly topic: Topic;
  readonly resyncQueue: Queue;
  readonly reportQueue: Queue;
}

/**
 * Lets other accounts subscribe their queues to the topic, ask for an entity's state, and report: who of them may is theirs to say. The queue's
 * account subscribes, so that nobody has to confirm it (sns/sns-send-message-to-sqs-cross-account, 2026-11-25).
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
  // One for each: in a common statement each could subscribe queues of the others.
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
    // CloudFormation looks at the topic of a subscription that it makes, changes or deletes.
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
    `encryptionKey: an imported key, whose policy isn't known here. It must let the accounts ${accounts.join(', ')} do ${SEND_KEY_ACTIONS.join(', ')}.`,
  );
}

function assertAccounts(accounts: readonly string[]): void {
  const wrong = accounts.find((account) => !/^\d{12}$/.test(account));
  if (wrong !== undefined) {
    throw new Error(
      `consumerAccounts: given: ${quoted(wrong)}. Ids of AWS accounts, 12 digits each, known when the app is synthesised.`,
    );
  }
  if (accounts.length <= MOST_ACCOUNTS) return;
  throw new Error(
    `consumerAccounts: given: ${accounts.length}. At most ${MOST_ACCOUNTS}: a queue's policy takes no more principals (sqs/quotas-policies).`,
  );
}
