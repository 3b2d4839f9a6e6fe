import type { BilledUnit } from 'freshet-local/internal/ledger/ledger';

/** Units that are billed by the month, independent of the events. */
export type MonthlyUnit = 'customMetrics' | 'alarmMetrics' | 'compositeAlarms' | 'dashboards' | 'insightRules' | 'keys';

/** The price of a unit. */
export interface Price {
  /** US dollars for `per` units. */
  readonly dollars: number;
  readonly per: number;
  /** The name of the unit: `write units`. */
  readonly unit: string;
}

/** The region, the date and the source of the prices. */
export const PRICE_LIST = {
  region: 'us-east-1',
  lookedUp: '2026-11-23',
  source:
    'secondary sources, since the pricing pages can only be read in a browser; check the prices of your region ' +
    'before you rely on them',
} as const;

const MILLION = 1_000_000;
const GB = 2 ** 30;

/**
 * The prices of PRICE_LIST: on demand, first tier, without free tiers and discounts.
 *
 * - SNS: FIFO topics bill each publish, each delivered message and all bytes, and not chunks of 64 KB as standard
 *   topics do (sns/pricing). One PublishBatch is one publish (sns/sns-batch-api-actions).
 * - SQS: each 64 KB of a request is billed as one request (sqs/pricing).
 * - Lambda: arm64 (lambda/pricing).
 * - DynamoDB: on-demand; Lambda reads streams for free (dynamodb/pricing/on-demand).
 * - CloudWatch: cloudwatch/pricing.
 */
export const PRICES: Readonly<Record<BilledUnit, Price>> = {
  writeUnits: { dollars: 0.625, per: MILLION, unit: 'write units' },
  readUnits: { dollars: 0.125, per: MILLION, unit: 'read units' },
  publishRequests: { dollars: 0.3, per: MILLION, unit: 'publishes' },
  publishedBytes: { dollars: 0.017, per: GB, unit: 'bytes' },
  deliveredMessages: { dollars: 0.01, per: MILLION, unit: 'messages' },
  deliveredBytes: { dollars: 0.001, per: GB, unit: 'bytes' },
  fifoChunks: { dollars: 0.5, per: MILLION, unit: 'FIFO requests' },
  standardChunks: { dollars: 0.4, per: MILLION, unit: 'requests' },
  invocations: { dollars: 0.2, per: MILLION, unit: 'invocations' },
  gbSeconds: { dollars: 0.0000133334, per: 1, unit: 'GB-seconds' },
  readMetrics: { dollars: 0.01, per: 1_000, unit: 'metrics read' },
  logBytes: { dollars: 0.5, per: GB, unit: 'bytes' },
};

/** Prices by the month, from the same list. `keys`: a customer-managed KMS key (kms/pricing). */
export const MONTHLY_PRICES: Readonly<Record<MonthlyUnit, Price>> = {
  customMetrics: { dollars: 0.3, per: 1, unit: 'custom metrics' },
  alarmMetrics: { dollars: 0.1, per: 1, unit: 'metrics of alarms' },
  compositeAlarms: { dollars: 0.5, per: 1, unit: 'composite alarms' },
  dashboards: { dollars: 3, per: 1, unit: 'dashboards' },
  insightRules: { dollars: 0.5, per: 1, unit: 'Contributor Insights rules' },
  keys: { dollars: 1, per: 1, unit: 'KMS keys' },
};

/** The cost of an amount of a unit, in US dollars. */
export function dollarsOf({ dollars, per }: Price, amount: number): number {
  return (dollars / per) * amount;
}
