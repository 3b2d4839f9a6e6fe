import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Function as ScheduledFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

/** The shortest age that Lambda accepts (lambda/API_PutFunctionEventInvokeConfig: 60 to 21,600 s). */
const MAX_EVENT_AGE = Duration.seconds(60);

/**
 * Invokes a function on a schedule. An invocation that fails or is throttled isn't repeated, because the next one does
 * all of its work. That takes two settings: the rule's retries are those of EventBridge's delivery to Lambda, and the
 * function's are Lambda's own, by default two retries and six hours (lambda/invocation-async-error-handling).
 */
export function runOnSchedule(scope: Construct, id: string, target: ScheduledFunction, interval: Duration): void {
  target.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: MAX_EVENT_AGE });
  new Rule(scope, id, {
    schedule: Schedule.rate(interval),
    targets: [new LambdaFunction(target, { retryAttempts: 0 })],
  });
}
