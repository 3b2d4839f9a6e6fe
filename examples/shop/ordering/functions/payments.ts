import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dynamoDbClient } from '../../../../adapters/aws/clients.ts';
import { createFactQueue, factBatch } from '../../../../adapters/facts/queue.ts';
import payment from '../../payment/contracts.ts';
import { required } from '../../service/environment.ts';
import { createPaymentNotes } from '../orders-table.ts';

const client = dynamoDbClient();
const note = createPaymentNotes(client, required('ORDERS_TABLE'));
const queue = createFactQueue({ client, settings: required('FACT_QUEUE') });

const { OrderBilled, PaymentDeclined, PaymentRefunded } = payment.publishes;
const STATES = { OrderBilled: 'billed', PaymentDeclined: 'declined', PaymentRefunded: 'refunded' } as const;

/** Notes with each order what became of its payment. */
export function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return factBatch(
    {
      contracts: [OrderBilled, PaymentDeclined, PaymentRefunded],
      work: ({ type, data }) => note(data.orderId, STATES[type]),
      queue,
    },
    event,
  );
}
