import { Duration, Stack } from 'aws-cdk-lib';
import { type EventPattern, Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as ScheduledFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** The shortest age that Lambda accepts (lambda/API_PutFunctionEventInvokeConfig: 60 to 21,600 s). */
const MAX_EVENT_AGE = Duration.seconds(60);

/** The settings of `runOnSchedule`. */
interface ScheduleOptions {
  /**
   * Whether the function also runs when the stack was created or updated. A schedule's first run comes up to an
   * interval later. @default false
   */
  readonly afterDeployment?: boolean;
}

/**
 * Invokes a function on a schedule. An invocation that fails or is throttled isn't repeated, because the next one does
 * all of its work. That takes two settings: the rule's retries are those of EventBridge's delivery to Lambda, and the
 * function's are Lambda's own, by default two retries and six hours (lambda/invocation-async-error-handling).
 */
export function runOnSchedule(
  scope: Construct,
  id: string,
  target: ScheduledFunction,
  interval: Duration,
  { afterDeployment = false }: ScheduleOptions = {},
): void {
  target.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: MAX_EVENT_AGE });
  new Rule(scope, id, {
    schedule: Schedule.rate(interval),
    targets: [new LambdaFunction(target, { retryAttempts: 0 })],
    ...(afterDeployment && { eventPattern: deployed(scope) }),
  });
}

/**
 * Matches the event that the stack of a construct was created or updated. A rule with a schedule and a pattern fires
 * for both (AWS::Events::Rule). CloudFormation delivers its events durably (eventbridge/events-ref-cloudformation), but
 * a rule that is new may miss one; then the schedule's first run follows.
 */
function deployed(scope: Construct): EventPattern {
  return {
    source: ['aws.cloudformation'],
    detailType: ['CloudFormation Stack Status Change'],
    detail: {
      'stack-id': [Stack.of(scope).stackId],
      'status-details': { status: ['CREATE_COMPLETE', 'UPDATE_COMPLETE'] },
    },
  };
}
