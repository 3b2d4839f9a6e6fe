import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { FactQueue, type FactSource } from '../../../lib/fact-queue.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import ordering from '../ordering/selling.ts';
import { SERVICE_TIMEOUT, serviceFunction } from '../service/function.ts';
import { forgetfulTable, grant, serviceTable } from '../service/table.ts';
import payment from './contracts.ts';

/** Props of `PaymentStack`. */
export interface PaymentStackProps extends StackProps {
  /** Ordering's facts. */
  readonly orders: FactSource;
  readonly stage: DeploymentStage;
}

/** Takes payment details, charges what was placed, gives back what is cancelled, and says so. */
export class PaymentStack extends Stack {
  readonly facts: FactTopic;
  /** Ordering's facts on their way here. */
  readonly orders: FactQueue;

  constructor(scope: Construct, id: string, { orders, stage, ...props }: PaymentStackProps) {
    super(scope, id, props);
    this.facts = new FactTopic(this, 'Facts', { boundary: payment, stage });
    const details = forgetfulTable(this, 'PaymentDetails', stage);
    new CfnOutput(this, 'PaymentDetailsTable', { value: details.tableName });
    const door = serviceFunction(this, 'Details', {
      file: new URL('functions/details.ts', import.meta.url),
      description: 'Takes payment details',
      environment: { DETAILS_TABLE: details.tableName },
      stage,
      url: true,
    });
    grant(details, door, 'UpdateItem');
    this.orders = this.chargeOrders(orders, details, stage);
  }

  private chargeOrders(orders: FactSource, details: Table, stage: DeploymentStage): FactQueue {
    const payments = serviceTable(this, 'Payments', stage);
    // In a real shop this is the provider's.
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
      description: 'Charges orders, and gives back what was charged for those that are cancelled',
      environment: {
        DETAILS_TABLE: details.tableName,
        PAYMENTS_TABLE: payments.tableName,
        GATEWAY_TABLE: gateway.tableName,
        FACTS_TABLE: this.facts.table.tableName,
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
