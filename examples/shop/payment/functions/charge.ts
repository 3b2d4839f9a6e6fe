import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createFactQueue, dynamoDbClient, factBatch, factsFromEnvironment } from 'freshet-aws';
import ordering from '../../ordering/selling.ts';
import { required } from '../../service/environment.ts';
import { cancelOrder, chargeAnswered, chargeOrder, type PaymentPorts } from '../charge.ts';
import payment from '../contracts.ts';
import { createDetailsTable } from '../details-table.ts';
import { createFakeGateway } from '../fake-gateway.ts';
import { createGatewayBooks } from '../gateway-table.ts';
import { createPayments } from '../payments-table.ts';

const client = dynamoDbClient();
const payments = createPayments({
  client,
  tableName: required('PAYMENTS_TABLE'),
  details: createDetailsTable(client, required('DETAILS_TABLE')),
  facts: factsFromEnvironment({ boundary: payment, client }),
});
const ports: PaymentPorts = {
  payments,
  gateway: createFakeGateway(createGatewayBooks(client, required('GATEWAY_TABLE')), (orderId, charge) =>
    chargeAnswered(ports, orderId, charge),
  ),
  onRefused: (orderId, reason) =>
    console.warn(JSON.stringify({ level: 'WARN', message: 'declined without asking the gateway', orderId, reason })),
};
const queue = createFactQueue({ client, settings: required('FACT_QUEUE') });

/** Charges placed orders and refunds cancelled ones. */
export function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return factBatch(
    {
      contracts: [ordering.publishes.OrderPlaced, ordering.publishes.OrderCancelled],
      work: (fact) => (fact.type === 'OrderPlaced' ? chargeOrder(ports, fact.data) : cancelOrder(ports, fact.data)),
      queue,
    },
    event,
  );
}
