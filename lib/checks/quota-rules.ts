import { LIMITS } from '../limits.ts';
import { below, isRecord, listOf, ownOf, type Page, type Plan, type Problem, type Rendered, TYPE } from './plan.ts';

/** One figure of a resource, and the most that AWS accepts. */
interface Figure {
  readonly of: string;
  readonly given: number;
  readonly most: number;
}

/** The problems of the figures that are too high. */
function tooMany(
  path: string,
  figures: readonly Figure[],
  rest: { readonly why: string; readonly page: Page; readonly fix: string },
): readonly Problem[] {
  return figures.flatMap(({ of, given, most }) =>
    given > most ? [{ path, what: `${given} ${of}. Allowed: at most ${most}`, ...rest }] : [],
  );
}

/** A queue's policy has no more statements, principals, conditions and bytes than SQS accepts. */
export function queuePoliciesFit(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.queuePolicy).flatMap((policy) => {
    const document = policy.properties.PolicyDocument;
    const statements = listOf(below(document, 'Statement')).filter(isRecord);
    const principals = statements.flatMap(({ Principal }) =>
      isRecord(Principal) ? Object.values(Principal).flatMap(listOf) : listOf(Principal),
    );
    const conditions = statements.flatMap(({ Condition }) =>
      isRecord(Condition) ? Object.values(Condition).flatMap((keys) => Object.keys(isRecord(keys) ? keys : {})) : [],
    );
    return tooMany(
      policy.path,
      [
        { of: 'statements', given: statements.length, most: LIMITS.maxQueuePolicyStatements },
        { of: 'principals', given: principals.length, most: LIMITS.maxQueuePolicyPrincipals },
        { of: 'conditions', given: conditions.length, most: LIMITS.maxQueuePolicyConditions },
        { of: 'bytes, estimated', given: bytesOf(plan, policy, document), most: LIMITS.maxQueuePolicyBytes },
      ],
      {
        why: "SQS refuses the queue's policy, so the deployment would fail",
        page: 'sqs/quotas-policies',
        fix: 'give the queue fewer sources or accounts: divide the boundary, or the accounts between owners',
      },
    );
  });
}

/** Length of an ARN of SQS or SNS without the name: `arn:aws:sqs:ap-southeast-2:111122223333:`. */
const ARN_BYTES = 40;
/** Longest name of a queue (sqs/quotas-queues). Also the estimate for the name of a topic that isn't known. */
const NAME_BYTES = 80;
/** Estimate for a part of a text that is known at deployment only, such as the partition or the region. */
const PART_BYTES = 14;

/** The size of a policy, with estimates for values that are known at deployment only. */
function bytesOf(plan: Plan, from: Rendered, document: unknown): number {
  const filled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(filled);
    if (!isRecord(value)) return value;
    const [[key, inner] = ['', undefined], ...others] = Object.entries(value);
    if (others.length > 0 || !(key === 'Ref' || key.startsWith('Fn::'))) {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filled(one)]));
    }
    if (key === 'Fn::Join' && Array.isArray(inner)) {
      return listOf(inner[1])
        .map((part) => (typeof part === 'string' ? part : 'x'.repeat(PART_BYTES)))
        .join(String(inner[0]));
    }
    const { TopicName: name } = plan.target(from, value)?.properties ?? {};
    return 'x'.repeat(ARN_BYTES + (typeof name === 'string' ? name.length : NAME_BYTES));
  };
  return Buffer.byteLength(JSON.stringify(filled(document)) ?? '');
}

/** Each type counts twice, for messages without addressee and for those to the cache, and pages are a type too. */
const MOST_CACHED_TYPES = Math.floor(LIMITS.maxFilterCombinations / 2) - 1;

/** A subscription's filter has no more keys and combinations of values than SNS accepts. */
export function filtersFit(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.subscription).flatMap(({ path, properties }) => {
    if (!isRecord(properties.FilterPolicy)) return [];
    const values = Object.values(properties.FilterPolicy).map(listOf);
    return tooMany(
      path,
      [
        { of: 'keys in the filter policy', given: values.length, most: LIMITS.maxFilterKeys },
        {
          of: 'combinations of values in the filter policy',
          given: values.reduce((product, { length }) => product * length, 1),
          most: LIMITS.maxFilterCombinations,
        },
      ],
      {
        why: 'SNS refuses the filter policy, so the deployment would fail',
        page: 'sns/subscription-filter-policy-constraints',
        fix:
          'let the boundary cache or handle fewer types of this owner. Allowed: at most ' +
          `${MOST_CACHED_TYPES} types in a cache, and ${LIMITS.maxFilterCombinations} in a queue of facts`,
      },
    );
  });
}

/** A dashboard has no more widgets and metrics than CloudWatch accepts. */
export function dashboardsFit(plan: Plan): readonly Problem[] {
  return ownOf(plan, TYPE.dashboard).flatMap(({ path, properties }) => {
    const widgets = listOf(below(bodyOf(properties.DashboardBody), 'widgets'));
    const metrics = widgets.map((widget) => listOf(below(widget, 'properties', 'metrics')).length);
    return tooMany(
      path,
      [
        { of: 'widgets', given: widgets.length, most: LIMITS.maxDashboardWidgets },
        { of: 'metrics in one widget', given: Math.max(0, ...metrics), most: LIMITS.maxWidgetMetrics },
        {
          of: 'metrics in all widgets',
          given: metrics.reduce((sum, one) => sum + one, 0),
          most: LIMITS.maxDashboardMetrics,
        },
      ],
      {
        why: 'CloudWatch refuses the dashboard, or shows only a part of it',
        page: 'cw/cloudwatch_limits',
        fix: 'watch the constructs with several PipelineMonitoring constructs, each with its own namePrefix',
      },
    );
  });
}

/** The body of a dashboard; undefined if it can't be read. Values that are known at deployment only become `x`. */
function bodyOf(body: unknown): unknown {
  const parts = below(body, 'Fn::Join');
  const text = Array.isArray(parts)
    ? listOf(parts[1])
        .map((part) => (typeof part === 'string' ? part : 'x'))
        .join('')
    : body;
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** A stack has no more resources and outputs than CloudFormation accepts. */
export function stacksFit({ stacks }: Plan): readonly Problem[] {
  return stacks.flatMap(({ path, resources, outputs }) =>
    tooMany(
      path,
      [
        { of: 'resources in the stack', given: resources, most: LIMITS.maxStackResources },
        { of: 'outputs of the stack', given: outputs, most: LIMITS.maxStackOutputs },
      ],
      {
        why: 'CloudFormation refuses the template',
        page: 'cfn/cloudformation-limits',
        fix: 'give each boundary its own stack, and the monitoring too',
      },
    ),
  );
}
