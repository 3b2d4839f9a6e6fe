import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  InvalidParameterException,
  SetSubscriptionAttributesCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import * as z from 'zod/mini';
import type { Delivery, ReplayableSubscription, SubscriptionState } from '../../core/repair/replay.ts';

const time = z.pipe(z.string(), z.transform(Date.parse));
const policyOf = z.object({ StartingPoint: time, EndingPoint: z.optional(time) });

/** Opens a subscription for replays. Its topic's ARN is the first part of its own. */
export function openSubscription(client: SNSClient, arn: string): ReplayableSubscription {
  const topicArn = topicOfSubscription(arn);
  return {
    state: () => subscriptionState(client, arn),
    async beginningMs() {
      const { Attributes = {} } = await client.send(new GetTopicAttributesCommand({ TopicArn: topicArn }));
      const { BeginningArchiveTime } = Attributes;
      return BeginningArchiveTime === undefined ? undefined : Date.parse(BeginningArchiveTime);
    },
    async replay(fromMs, toMs) {
      const policy = {
        PointType: 'Timestamp',
        StartingPoint: new Date(fromMs).toISOString(),
        ...(toMs !== undefined && { EndingPoint: new Date(toMs).toISOString() }),
      };
      const attribute = { AttributeName: 'ReplayPolicy', AttributeValue: JSON.stringify(policy) };
      try {
        await client.send(new SetSubscriptionAttributesCommand({ SubscriptionArn: arn, ...attribute }));
        return 'started';
      } catch (error) {
        if (!(error instanceof InvalidParameterException)) throw error;
        return { refused: error.message };
      }
    },
  };
}

/** The ARN of a subscription's topic. */
export function topicOfSubscription(arn: string): string {
  return arn.slice(0, arn.lastIndexOf(':'));
}

/** Reads how a subscription delivers (sns-api/API_SetSubscriptionAttributes, ReplayStatus). */
export async function subscriptionState(client: SNSClient, arn: string): Promise<SubscriptionState> {
  const { Attributes = {} } = await client.send(new GetSubscriptionAttributesCommand({ SubscriptionArn: arn }));
  const { ReplayPolicy, ReplayStatus = '' } = Attributes;
  if (ReplayPolicy === undefined || ReplayPolicy === '{}') return { delivery: 'live' };
  const { StartingPoint, EndingPoint } = policyOf.parse(JSON.parse(ReplayPolicy));
  const delivery = deliveryOf(ReplayStatus, EndingPoint !== undefined);
  return { delivery, fromMs: StartingPoint, ...(EndingPoint !== undefined && { toMs: EndingPoint }) };
}

/** AWS writes the status as `In progress`. The case and the space aren't relied on. */
function deliveryOf(status: string, isBounded: boolean): Delivery {
  const name = status.toLowerCase();
  if (name === 'completed') return isBounded ? 'paused' : 'live';
  return name === 'failed' ? 'failed' : 'replaying';
}
