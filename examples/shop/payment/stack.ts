import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { type DeploymentStage, FactQueue, type FactSource, FactTopic } from 'freshet-aws/cdk';
import ordering from '../ordering/selling.ts';
import { SERVICE_TIMEOUT, serviceFunction } from '../service/function.ts';
import { grant, serviceTable, tableWithoutBackups } from '../service/table.ts';
import payment from './contracts.ts';

/** Props of `PaymentStack`. */
export interface PaymentStackProps extends StackProps {
  /** Ordering's fact topic. */
  readonly orders: FactSource;
  /** Whether data stays when the stack is deleted. */
  readonly stage: DeploymentStage;
}

/** Payment: accepts payment details, charges placed orders, refunds cancelled ones, and publishes the results. */
export class PaymentStack extends Stack {
  /** Payment's facts. */
  readonly facts: FactTopic;
  /** Ordering's facts for payment. */
  readonly orders: FactQueue;

  constructor(scope: Construct, id: string, { orders, stage, ...props }: PaymentStackProps) {
    super(scope, id, props);
    this.facts = new FactTopic(this, 'Facts', { boundary: payment, stage });
    const details = tableWithoutBackups(this, 'PaymentDetails', stage);
    new CfnOutput(this, 'PaymentDetailsTable', { value: details.tableName });
    const acceptor = serviceFunction(this, 'Details', {
      file: new URL('functions/details.ts', import.meta.url),
      description: 'Accepts payment details',
      environment: { DETAILS_TABLE: details.tableName },
      stage,
      url: true,
    });
    grant(details, acceptor, 'UpdateItem');
    this.orders = this.chargeOrders(orders, details, stage);
  }

  private chargeOrders(orders: FactSource, details: Table, stage: DeploymentStage): FactQueue {
    const payments = serviceTable(this, 'Payments', stage);
    // In a real shop, this table belongs to the provider.
    const gateway = serviceTable(this, 'FakeGateway', stage);
    new CfnOutput(this, 'FakeGatewayTable', { value: gateway.tableName });
    const queue = new FactQueue(this, 'Orders', {
      name: 'payment',
      facts: [ordering.publishes.OrderPlaced, ordering.publishes.OrderCancelled],
      sources: [orders],
      functionTimeout: SERVICE_TIMEOUT,
      stage,
    });
    const charge = serviceFunction(this, 'Charge', {
      file: new URL('functions/charge.ts', import.meta.url),
      description: 'Charges placed orders and refunds cancelled ones',
      environment: {
        DETAILS_TABLE: details.tableName,
        PAYMENTS_TABLE: payments.tableName,
        GATEWAY_TABLE: gateway.tableName,
        FACT_QUEUE: queue.settings,
      },
      stage,
    });
    grant(details, charge, 'GetItem', 'UpdateItem');
    grant(payments, charge, 'GetItem', 'UpdateItem');
    grant(gateway, charge, 'GetItem', 'UpdateItem');
    this.facts.grantCommit(charge);
    queue.addHandler(charge);
    return queue;
  }
}
