import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createFactQueue, dynamoDbClient, factBatch } from 'freshet-aws';
import payment from '../../payment/contracts.ts';
import { required } from '../../service/environment.ts';
import { createPaymentStates } from '../orders-table.ts';

const client = dynamoDbClient();
const store = createPaymentStates(client, required('ORDERS_TABLE'));
const queue = createFactQueue({ client, settings: required('FACT_QUEUE') });

const { OrderBilled, PaymentDeclined, PaymentRefunded } = payment.publishes;
const STATES = { OrderBilled: 'billed', PaymentDeclined: 'declined', PaymentRefunded: 'refunded' } as const;

/** Stores the state of each order's payment with the order. */
export function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return factBatch(
    {
      contracts: [OrderBilled, PaymentDeclined, PaymentRefunded],
      work: ({ type, data }) => store(data.orderId, STATES[type]),
      queue,
    },
    event,
  );
}
