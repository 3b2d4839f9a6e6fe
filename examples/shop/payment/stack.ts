import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploymentStage } from '../../../lib/data-protection.ts';
import { FactQueue, type FactSource } from '../../../lib/fact-queue.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import ordering from '../ordering/selling.ts';
import { serviceFunction } from '../service/function.ts';
import { grant, serviceTable } from '../service/table.ts';
import payment from './contracts.ts';

/** Props of `PaymentStack`. */
export interface PaymentStackProps extends StackProps {
  /** Ordering's facts. */
  readonly orders: FactSource;
  readonly stage: DeploymentStage;
}

/** Takes payment details, charges what was placed, and says so. */
export class PaymentStack extends Stack {
  readonly facts: FactTopic;

  constructor(scope: Construct, id: string, { orders, stage, ...props }: PaymentStackProps) {
    super(scope, id, props);
    this.facts = new FactTopic(this, 'Facts', { boundary: payment, stage });
    const payments = serviceTable(this, 'Payments', stage);
    // In a real shop this is the provider's.
    const gateway = serviceTable(this, 'FakeGateway', stage);
    new CfnOutput(this, 'FakeGatewayTable', { value: gateway.tableName });
    const details = serviceFunction(this, 'Details', {
      file: new URL('functions/details.ts', import.meta.url),
      description: 'Takes payment details',
      environment: { PAYMENTS_TABLE: payments.tableName },
      stage,
      url: true,
    });
    grant(payments, details, 'PutItem');

    const placed = new FactQueue(this, 'Placed', {
      facts: [ordering.publishes.OrderPlaced],
      sources: [orders],
      functionTimeout: Duration.seconds(20),
      stage,
    });
    const charge = serviceFunction(this, 'Charge', {
      file: new URL('functions/charge.ts', import.meta.url),
      description: 'Charges orders',
      environment: {
        PAYMENTS_TABLE: payments.tableName,
        GATEWAY_TABLE: gateway.tableName,
        FACTS_TABLE: this.facts.table.tableName,
        PARKING_TABLE: placed.parkingTable.tableName,
      },
      stage,
    });
    grant(payments, charge, 'GetItem', 'PutItem');
    grant(gateway, charge, 'GetItem', 'UpdateItem');
    this.facts.grantCommit(charge);
    placed.addHandler(charge);
  }
}
