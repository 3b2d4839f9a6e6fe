import { deadLetterTarget } from './dead-letter-rules.ts';
import {
  below,
  consumedQueues,
  isRecord,
  listOf,
  ownOf,
  type Plan,
  type Problem,
  type Rendered,
  TYPE,
  targetOf,
} from './plan.ts';

const SNS = 'sns.amazonaws.com';
const DECRYPT = 'kms:Decrypt';
const SNS_ACTIONS = ['kms:GenerateDataKey', DECRYPT];

/** The id of the warning that a key's policy can't be read. */
export const KEY_NOT_CHECKED = 'freshet-aws:keyPolicyNotChecked';

const STATEMENT =
  `{"Effect": "Allow", "Principal": {"Service": "${SNS}"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], ` +
  '"Resource": "*"}';

/** SNS may use the key of every queue that a subscription names as endpoint or as dead-letter queue. */
export function snsMayUseKeys(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.subscription).flatMap((subscription) =>
    [subscription.properties.Endpoint, deadLetterTarget(subscription)].flatMap((value) => {
      const queue = targetOf(plan, subscription, value, TYPE.queue);
      return queue === undefined ? [] : snsMayUseKeyOf(plan, queue);
    }),
  );
}

function snsMayUseKeyOf(plan: Plan, queue: Rendered): readonly Problem[] {
  const given = queue.properties.KmsMasterKeyId;
  if (given === undefined) return [];
  const why =
    'SNS does not retry a delivery that a key refuses: the event goes to the dead-letter queue, or is lost if ' +
    'that queue has the same key';
  if (isAwsManaged(given)) {
    return [
      {
        path: queue.path,
        what: 'the queue is encrypted with the AWS managed key alias/aws/sqs',
        why: `${why}. No policy can let SNS use the AWS managed key`,
        page: 'sqs/sqs-key-management',
        fix: 'use a key of your own whose policy lets SNS use it, or SSE-SQS (SqsManagedSseEnabled)',
      },
    ];
  }
  const key = targetOf(plan, queue, given, TYPE.key);
  if (key === undefined) {
    return [
      {
        path: queue.path,
        what:
          `its key is not in this app (KmsMasterKeyId: ${JSON.stringify(given)}), so the key policy cannot be ` +
          'checked',
        why,
        page: 'sqs/sqs-key-management',
        fix: `make sure that the key policy contains the statement ${STATEMENT}`,
        warning: KEY_NOT_CHECKED,
      },
    ];
  }
  const isSns = (principal: unknown) => principal === '*' || listOf(below(principal, 'Service')).includes(SNS);
  const missing = SNS_ACTIONS.filter(
    (action) => !statementsOf(key.properties.KeyPolicy).some((one) => isSns(one.Principal) && allows(one, action)),
  );
  if (missing.length === 0) return [];
  return [
    {
      path: queue.path,
      what: `the policy of its key ${key.path} does not let ${SNS} use ${missing.join(' and ')}`,
      why,
      page: 'sqs/sqs-key-management',
      fix: `add to the key policy the statement ${STATEMENT}`,
    },
  ];
}

/** A function that reads an encrypted queue may decrypt its messages. */
export function consumersMayDecrypt(plan: Plan): readonly Problem[] {
  return consumedQueues(plan).flatMap(({ queue, consumer }) => {
    const key = targetOf(plan, queue, queue.properties.KmsMasterKeyId, TYPE.key);
    const role = consumer && targetOf(plan, consumer, consumer.properties.Role, TYPE.role);
    // The policy of a key outside the app can't be read, and may allow the role.
    if (key === undefined || role === undefined || hasUnknownPolicies(role)) return [];
    if (mayDecrypt(plan, role, key) || isLetInBy(plan, key, role)) return [];
    return {
      path: queue.path,
      what: `the queue is encrypted with ${key.path}, but the role of ${consumer?.path} lacks kms:Decrypt for that key`,
      why: 'Lambda polls with that role, receives nothing and reports no function error, so the queue fills up',
      page: 'lambda/services-sqs-configure',
      fix: `grant the permission: key.grantDecrypt(role) with the role ${role.path}`,
    };
  });
}

/**
 * Whether a policy of the role allows it to decrypt with the key. A resource that can't be resolved counts as that
 * key.
 */
function mayDecrypt(plan: Plan, role: Rendered, key: Rendered): boolean {
  const attached = [...plan.all(TYPE.policy), ...plan.all(TYPE.managedPolicy)]
    .filter((policy) => listOf(policy.properties.Roles).some((one) => plan.target(policy, one) === role))
    .map((policy) => ({ from: policy, document: policy.properties.PolicyDocument }));
  const inline = listOf(role.properties.Policies).map((one) => ({
    from: role,
    document: below(one, 'PolicyDocument'),
  }));
  return [...attached, ...inline].some(({ from, document }) =>
    statementsOf(document).some((one) => {
      const targets = listOf(one.Resource ?? '*').map((resource) => plan.target(from, resource));
      return allows(one, DECRYPT) && targets.some((target) => target === undefined || target === key);
    }),
  );
}

/** Whether the key's own policy allows the role to decrypt. */
function isLetInBy(plan: Plan, key: Rendered, role: Rendered): boolean {
  return statementsOf(key.properties.KeyPolicy).some(
    (one) =>
      allows(one, DECRYPT) &&
      (one.Principal === '*' ||
        listOf(below(one.Principal, 'AWS')).some((who) => who === '*' || plan.target(key, who) === role)),
  );
}

/**
 * Whether the role has a managed policy whose content is unknown. AWS's service-role policies are known to grant no
 * keys.
 */
function hasUnknownPolicies(role: Rendered): boolean {
  return listOf(role.properties.ManagedPolicyArns).some(
    (arn) => !JSON.stringify(arn).includes(':iam::aws:policy/service-role/'),
  );
}

function isAwsManaged(key: unknown): boolean {
  return typeof key === 'string' && /(^|:)alias\/aws\/sqs$/.test(key);
}

function statementsOf(document: unknown): readonly Readonly<Record<string, unknown>>[] {
  return listOf(below(document, 'Statement')).filter(isRecord);
}

/** Whether a statement allows an action. Conditions are assumed to hold. */
function allows({ Effect, Action }: Readonly<Record<string, unknown>>, action: string): boolean {
  return (
    Effect === 'Allow' && listOf(Action).some((pattern) => typeof pattern === 'string' && matches(pattern, action))
  );
}

/** Matches an action against an IAM pattern with wildcards, ignoring case. */
function matches(pattern: string, action: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(action);
}
