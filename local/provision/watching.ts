import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { readCompositeAlarm, readMetricAlarm } from '../cloudwatch/alarm-definition.ts';
import { readRate } from '../cloudwatch/schedules.ts';
import { NotEmulated } from '../not-emulated.ts';
import { problemsOf } from '../problems.ts';
import { physicalName, type ResourceHandler, type ResourceRequest, stackIdOf } from './resource.ts';

/**
 * Longest names:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html,
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-insightrule.html,
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
 */
const LONGEST_ALARM_NAME = 255;
const LONGEST_INSIGHT_RULE_NAME = 128;
const LONGEST_RULE_NAME = 64;

const alarmName = z.looseObject({ AlarmName: z.optional(z.string()) });

/** Creates an alarm. An alarm that can't be evaluated locally is created too, and its reason says why. */
export const createMetricAlarm: ResourceHandler = (request) => {
  const name = alarmName.parse(request.properties).AlarmName ?? physicalName(request, LONGEST_ALARM_NAME);
  if (request.before) request.target.cloudWatch.alarms.remove(request.before.ref);
  const { arn } = request.target.cloudWatch.alarms.add(readMetricAlarm(name, request.properties));
  return { ref: name, attributes: { Arn: arn } };
};

/** Creates a composite alarm. */
export const createCompositeAlarm: ResourceHandler = (request) => {
  const name = alarmName.parse(request.properties).AlarmName ?? physicalName(request, LONGEST_ALARM_NAME);
  if (request.before) request.target.cloudWatch.alarms.remove(request.before.ref);
  const { arn } = request.target.cloudWatch.alarms.add(readCompositeAlarm(name, request.properties));
  return { ref: name, attributes: { Arn: arn } };
};

const insightRule = z.object({ RuleName: z.optional(z.string()), RuleBody: z.string(), RuleState: z.string() });

/** Creates a Contributor Insights rule. */
export const createInsightRule: ResourceHandler = (request) => {
  const { RuleName, RuleBody, RuleState } = insightRule.parse(request.properties);
  const name = RuleName ?? physicalName(request, LONGEST_INSIGHT_RULE_NAME);
  if (request.before) request.target.cloudWatch.insightRules.remove(request.before.ref);
  try {
    const { arn } = request.target.cloudWatch.insightRules.add(name, RuleBody, RuleState === 'ENABLED');
    return { ref: name, attributes: { Arn: arn, RuleName: name } };
  } catch (error) {
    if (!(error instanceof z.core.$ZodError)) throw error;
    throw new NotEmulated(problemsOf(error, JSON.parse(RuleBody), ['RuleBody']));
  }
};

const scheduleRule = z.object({
  Name: z.optional(z.string()),
  ScheduleExpression: z.optional(z.string()),
  EventPattern: z.optional(z.unknown()),
  State: z._default(z.string(), 'ENABLED'),
  Targets: z._default(
    z.array(
      z.looseObject({
        Arn: z.string(),
        Input: z.optional(z.string()),
        InputPath: z.optional(z.unknown()),
        InputTransformer: z.optional(z.unknown()),
      }),
    ),
    [],
  ),
});

/** Creates an EventBridge rule that invokes functions on a schedule. */
export const createRule: ResourceHandler = (request) => {
  const given = scheduleRule.parse(request.properties);
  const deployed = given.EventPattern === undefined ? undefined : deployedEvent(request, given.EventPattern);
  if (given.ScheduleExpression === undefined)
    throw new NotEmulated('a rule without a schedule is not emulated. Emulated: rules with a ScheduleExpression');
  const name = given.Name ?? physicalName(request, LONGEST_RULE_NAME);
  const leftOut: string[] = [];
  const targets = given.Targets.flatMap(({ Arn, Input, InputPath, InputTransformer }) => {
    const [, functionName] = /^arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+)/.exec(Arn) ?? [];
    if (functionName === undefined || InputPath !== undefined || InputTransformer !== undefined) {
      leftOut.push(`target ${Arn}. Emulated: Lambda functions without InputPath and InputTransformer`);
      return [];
    }
    return [{ functionName, ...(Input !== undefined && { input: JSON.parse(Input) as unknown }) }];
  });
  if (given.ScheduleExpression.startsWith('cron('))
    throw new NotEmulated(`${given.ScheduleExpression} is not emulated. Emulated: rate`);
  const everyMinutes = readRate(given.ScheduleExpression);
  const enabled = given.State !== 'DISABLED';
  if (request.before) request.target.cloudWatch.schedules.remove(request.before.ref);
  const { arn } = request.target.cloudWatch.schedules.add({
    name,
    everyMinutes,
    enabled,
    targets,
    ...(deployed !== undefined && { deployed: { stack: request.stack.name, event: deployed } }),
  });
  return { ref: name, attributes: { Arn: arn }, leftOut };
};

/** A pattern for the status of a stack, as far as the local cloud sends such events. */
const stackPattern = z.strictObject({
  source: z.tuple([z.literal('aws.cloudformation')]),
  'detail-type': z.tuple([z.literal('CloudFormation Stack Status Change')]),
  detail: z.strictObject({
    'stack-id': z.optional(z.array(z.string())),
    'status-details': z.optional(z.strictObject({ status: z.array(z.string()) })),
  }),
});

/** The only status that a stack reaches in the local cloud. */
const CREATED = 'CREATE_COMPLETE';

/**
 * Returns the event that the rule's stack was created; undefined if the pattern matches another stack or status. Throws
 * `NotEmulated` for every other pattern. The event:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html
 */
function deployedEvent(
  { stack, target: { region, accountId } }: ResourceRequest,
  pattern: unknown,
): object | undefined {
  const { success, data } = stackPattern.safeParse(pattern);
  if (!success)
    throw new NotEmulated(
      `the event pattern ${JSON.stringify(pattern)} is not emulated. Emulated: the status of a stack, beside a schedule`,
    );
  const stackId = stackIdOf(stack.name, region, accountId);
  const { 'stack-id': stackIds, 'status-details': { status } = {} } = data.detail;
  if (!(stackIds ?? [stackId]).includes(stackId) || !(status ?? [CREATED]).includes(CREATED)) return undefined;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'CloudFormation Stack Status Change',
    source: 'aws.cloudformation',
    account: accountId,
    time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
    region,
    resources: [stackId],
    detail: { 'stack-id': stackId, 'status-details': { status: CREATED, 'status-reason': '' } },
  };
}
