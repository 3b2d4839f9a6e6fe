import * as z from 'zod/mini';
import { readCompositeAlarm, readMetricAlarm } from '../cloudwatch/alarm-definition.ts';
import { readRate } from '../cloudwatch/schedules.ts';
import { NotEmulated, physicalName, type ResourceHandler } from './resource.ts';

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
  const { arn } = request.target.cloudWatch.alarms.add(readMetricAlarm(name, request.properties));
  return { ref: name, attributes: { Arn: arn } };
};

/** Creates a composite alarm. */
export const createCompositeAlarm: ResourceHandler = (request) => {
  const name = alarmName.parse(request.properties).AlarmName ?? physicalName(request, LONGEST_ALARM_NAME);
  const { arn } = request.target.cloudWatch.alarms.add(readCompositeAlarm(name, request.properties));
  return { ref: name, attributes: { Arn: arn } };
};

const insightRule = z.object({ RuleName: z.optional(z.string()), RuleBody: z.string(), RuleState: z.string() });

/** Creates a Contributor Insights rule. */
export const createInsightRule: ResourceHandler = (request) => {
  const { RuleName, RuleBody, RuleState } = insightRule.parse(request.properties);
  const name = RuleName ?? physicalName(request, LONGEST_INSIGHT_RULE_NAME);
  const { arn } = request.target.cloudWatch.insightRules.add(name, RuleBody, RuleState === 'ENABLED');
  return { ref: name, attributes: { Arn: arn, RuleName: name } };
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
  if (given.EventPattern !== undefined || given.ScheduleExpression === undefined)
    throw new NotEmulated('a rule with an event pattern is not emulated. Emulated: rules with a ScheduleExpression');
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
  const { arn } = request.target.cloudWatch.schedules.add({ name, everyMinutes, enabled, targets });
  return { ref: name, attributes: { Arn: arn }, leftOut };
};
